using System.Text.Json;

namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>How a case is played.</summary>
public enum CaseMode
{
    /// <summary>As written down: runs stream or not, and answers come, as the files say, whatever the request asks for.</summary>
    AsRecorded,

    /// <summary>Every run streams, and whole answers are streamed.</summary>
    Streamed,

    /// <summary>No run streams; answers come as the request asks for them, where they are written down whole.</summary>
    NotStreamed,
}

/// <summary>A run that has ended, and its steps.</summary>
internal sealed record CaseRun(JsonElement Run, IReadOnlyList<JsonElement> Steps)
{
    public string Status => Run.Text("status");

    public string? StopReason => Optional(Run, "stopReason");

    public string? Output => Optional(Run, "output");

    public string? ErrorCode => Run.TryGetProperty("error", out var error) ? error.Text("code") : null;

    public string? FinishReason => Optional(Run, "finishReason");

    public JsonElement Usage => Run.GetProperty("usage");

    public IReadOnlyList<JsonElement> Tools => [.. Steps.Where(step => step.Text("kind") == "tool")];

    private static string? Optional(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;
}

/// <summary>What came of a case: the runs of each agent in order, and what their models were asked.</summary>
internal sealed record CaseOutcome(IReadOnlyDictionary<string, List<CaseRun>> Runs, Func<string, IReadOnlyList<CaseRequest>> Requests)
{
    /// <summary>The only run of an agent, or its first.</summary>
    public CaseRun this[string agent] => Runs[agent][0];

    public IEnumerable<CaseRun> All => Runs.Values.SelectMany(runs => runs);
}
