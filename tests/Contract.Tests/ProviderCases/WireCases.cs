namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>Cases about how answers and failures come over the wire.</summary>
internal static class WireCases
{
    private static readonly string[] BothTools = ["calculator", "clock"];

    public static Dictionary<string, CaseExpectation> All { get; } = new()
    {
        ["06"] = new((outcome, _) => Assert.All(outcome.Runs.Values, runs =>
        {
            Assert.Equal(("completed", "391"), (runs[0].Status, runs[0].Output));
            Assert.Equal(BothTools, runs[0].Tools.Select(step => step.Text("name")));
            Assert.All(runs[0].Tools, step => Assert.Equal("completed", step.Text("status")));
        })),
        ["07"] = new((outcome, _) => Assert.All(outcome.Runs.Values, runs =>
            Assert.Equal(("391", 1000, 3), (runs[0].Output, runs[0].Usage.GetProperty("inputTokens").GetInt32(), runs[0].Usage.GetProperty("outputTokens").GetInt32())))),
        ["12"] = new((outcome, _) =>
        {
            Assert.Equal(("completed", "391"), (outcome["12a"].Status, outcome["12a"].Output));
            Assert.Equal(("failed", "context_too_long"), (outcome["12b"].Status, outcome["12b"].ErrorCode));
        }),
        ["15"] = new((outcome, _) =>
        {
            Assert.Equal(("completed", "391"), (outcome["15a"].Status, outcome["15a"].Output));
            Assert.Equal(2, outcome.Requests("15a").Count - 1);
            Assert.Empty(outcome.Requests("15f"));
        }),
        ["18"] = new((outcome, _) =>
        {
            // The one that gave up is asked again, and then the answer is whole.
            Assert.All(outcome.All, run => Assert.Equal(("completed", "391"), (run.Status, run.Output)));
            Assert.Equal(3, outcome.Requests("18dsk").Count);
        }),
        ["19"] = new((outcome, _) =>
        {
            Assert.All(outcome.Runs.Values, runs => Assert.All(runs, run => Assert.Equal(("completed", "391"), (run.Status, run.Output))));
            Assert.All(
                new[] { ("19a", 3.0), ("19b", 3.2), ("19d", 1.5), ("19e", 2.0) },
                wait => Assert.True(outcome.Requests(wait.Item1)[1].At - outcome.Requests(wait.Item1)[0].At >= TimeSpan.FromSeconds(wait.Item2 - 0.01)));
        }),
        ["20"] = new((outcome, _) =>
        {
            // What says nothing is asked for once more.
            foreach (var empty in (string[])["20a", "20e"])
            {
                Assert.Equal(("completed", "391", 3), (outcome[empty].Status, outcome[empty].Output, outcome.Requests(empty).Count));
                Assert.Equal(["failed", "completed"], outcome[empty].Steps.Where(step => step.Text("kind") == "model").Select(step => step.Text("status")));
            }

            Assert.Equal("length", outcome["20a"].Steps.First(step => step.Text("kind") == "model").Text("finishReason"));
            foreach (var half in (string[])["20b", "20d"])
            {
                Assert.Equal(
                    ("completed", "max_output_tokens", "length", "The answer is thr"),
                    (outcome[half].Status, outcome[half].StopReason, outcome[half].FinishReason, outcome[half].Output));
            }
        }),
        ["21"] = new((outcome, _) =>
        {
            foreach (var refused in (string[])["21a0", "21a1", "21s"])
            {
                Assert.Equal(
                    ("failed", "refused", "refusal", "I can't help with that."),
                    (outcome[refused].Status, outcome[refused].StopReason, outcome[refused].FinishReason, outcome[refused].Output));
            }

            Assert.Equal(("failed", "refused", "refusal", null), (outcome["21x"].Status, outcome["21x"].StopReason, outcome["21x"].FinishReason, outcome["21x"].Output));
            Assert.Equal(("completed", "391"), (outcome.Runs["21a0"][1].Status, outcome.Runs["21a0"][1].Output));
            Assert.Equal(("completed", "391"), (outcome.Runs["21a1"][1].Status, outcome.Runs["21a1"][1].Output));

            // No repair is asked of a refusal: one request of each run.
            Assert.Equal(2, outcome.Requests("21s").Count);
        })
        { KeepFailing = ["21s"] },
        ["22"] = new((outcome, _) => Assert.All(outcome.All, run => Assert.Equal(("completed", "391"), (run.Status, run.Output)))),
        ["28"] = new((outcome, _) =>
        {
            Assert.Equal(("completed", "blåbær 😀 日本"), (outcome["28a"].Status, outcome["28a"].Output));
            Assert.Equal(("completed", "hi 😀"), (outcome["28b"].Status, outcome["28b"].Output));
            Assert.Equal("completed", outcome["28d"].Status);
            Assert.All(outcome["28d"].Tools, step => Assert.NotEqual("completed", step.Text("status")));
        }),
    };
}
