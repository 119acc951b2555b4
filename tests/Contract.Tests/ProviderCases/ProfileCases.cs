using System.Text.Json;

namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>Cases about what providers take: ids, fields, orders of messages, and what has to come back.</summary>
internal static class ProfileCases
{
    private const string Answer = "391";

    public static Dictionary<string, CaseExpectation> All { get; } = new()
    {
        ["01"] = new((outcome, mode) => Assert.All(outcome.Runs.Values, runs =>
        {
            Assert.Equal(("completed", Answer), (runs[0].Status, runs[0].Output));
            Assert.Equal("completed", Assert.Single(runs[0].Tools).Text("status"));
        }))
        { RulesRefuse = true },
        ["02"] = new((outcome, mode) =>
        {
            Assert.All(outcome.All, run => Assert.Equal("completed", run.Status));
            Assert.All(outcome.Runs.Keys.SelectMany(outcome.Requests), request =>
                Assert.False(request.Body.TryGetProperty("max_completion_tokens", out _)));
            Assert.Equal(500, outcome.Requests("02m0")[0].Body.GetProperty("max_tokens").GetInt32());
            Assert.Contains(outcome.Requests("02s"), request => request.Body.TryGetProperty("max_tokens", out var most) && most.GetInt32() == 1024);
        })
        { RulesRefuse = true },
        ["03"] = new((outcome, mode) =>
        {
            Assert.Equal(["max_turns", "completed"], outcome.Runs["03a"].Take(2).Select(run => run.StopReason ?? ""));
            Assert.Equal(["user", "assistant", "tool", "assistant", "user"], Roles(outcome.Requests("03a")[1]));
        })
        { RulesRefuse = true },
        ["05"] = new((outcome, mode) => Assert.All(outcome.All, run => Assert.Equal(("completed", Answer), (run.Status, run.Output)))) { RulesRefuse = true },
        ["08"] = new((outcome, mode) => Assert.All(outcome.All, run => Assert.Equal(("completed", Answer), (run.Status, run.Output)))) { RulesRefuse = true },
        ["16"] = new((outcome, mode) => Assert.All(outcome.Runs, runs =>
        {
            Assert.Equal(("completed", Answer), (runs.Value[0].Status, runs.Value[0].Output));
            var call = outcome.Requests(runs.Key)[1].Body.GetProperty("messages").EnumerateArray().Single(message => message.TryGetProperty("tool_calls", out _));
            Assert.Equal("{}", call.GetProperty("tool_calls")[0].GetProperty("function").Text("arguments"));
            Assert.Contains("timeZone", Results(outcome.Requests(runs.Key)[1]).Single(), StringComparison.Ordinal);
        }))
        { RulesRefuse = true },
        ["17"] = new((outcome, mode) =>
        {
            Assert.All(outcome.All, run => Assert.Equal(("completed", Answer), (run.Status, run.Output)));
            Assert.Equal("functions_calculator", CalledName(outcome.Requests("17a")[1]));
            Assert.Equal("calculator__channel__commentary", CalledName(outcome.Requests("17b")[1]));
            Assert.Equal(new string('x', 64), CalledName(outcome.Requests("17d")[1]));
        })
        { RulesRefuse = true },
        ["25"] = new((outcome, mode) =>
        {
            var body = outcome.Requests("25a")[0].Body;
            Assert.Equal("json_object", body.GetProperty("response_format").Text("type"));
            Assert.Contains("integer", body.GetProperty("messages")[0].Text("content"), StringComparison.Ordinal);
        })
        { RulesRefuse = true, KeepFailing = ["25a"] },
        ["27"] = new((outcome, mode) => Assert.All(outcome.Runs.Values, runs =>
        {
            Assert.Equal(("completed", Answer), (runs[0].Status, runs[0].Output));
            Assert.Equal(["calculator", "clock"], runs[0].Tools.Select(step => step.Text("name")));
            Assert.All(runs[0].Tools, step => Assert.Equal("completed", step.Text("status")));
        })),
        ["29"] = new((outcome, mode) => Assert.All(
            outcome.Runs.Where(runs => runs.Key is "29a" or "29b").SelectMany(runs => runs.Value),
            run => Assert.Equal(("completed", Answer), (run.Status, run.Output)))),
        ["33"] = new((outcome, mode) =>
        {
            Assert.All(outcome.All, run => Assert.Equal(("completed", Answer), (run.Status, run.Output)));
            Assert.Equal([Answer], Results(outcome.Requests("33a0")[1]).Select(result => JsonElement.Parse(result).ToString()));
            Assert.All(outcome.Requests("33a0"), request => Assert.True(request.Body.GetProperty("options").GetProperty("num_ctx").GetInt32() >= 8192));
        }),
    };

    private static IEnumerable<string> Roles(CaseRequest request) =>
        request.Body.GetProperty("messages").EnumerateArray().Select(message => message.Text("role")).Where(role => role != "system");

    private static IEnumerable<string> Results(CaseRequest request) => request.Body.GetProperty("messages").EnumerateArray()
        .Where(message => message.Text("role") == "tool").Select(message => message.Text("content"));

    private static string CalledName(CaseRequest request) => request.Body.GetProperty("messages").EnumerateArray()
        .Single(message => message.TryGetProperty("tool_calls", out _)).GetProperty("tool_calls")[0].GetProperty("function").Text("name");
}
