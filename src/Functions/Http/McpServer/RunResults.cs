using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>Runs as results of tool calls.</summary>
internal static class RunResults
{
    /// <summary>The answer of a run that has ended, or why it has none.</summary>
    /// <param name="anySchema">Whether the client takes structured content that is no object.</param>
    public static CallToolResult Of(Run run, bool anySchema)
    {
        var isPromised = run.Agent.ResponseSchema is { } schema && (anySchema || McpRevision.IsOfObjects(schema));
        var answer = run.StructuredOutput;
        return run.Status != RunStatus.Completed ? Error(run, Reason(run))
            : isPromised && answer is null ? Error(run, $"The run ended as {ContractJson.Name(run.StopReason!.Value)}, without an answer in the agent's schema.")
            : new CallToolResult
            {
                Content = [new TextContentBlock { Text = run.Output ?? "" }],
                StructuredContent = isPromised ? answer : null,
                Meta = Meta(run),
            };
    }

    /// <summary>A run that goes on, to a client that will not come back for it.</summary>
    public static CallToolResult GoesOn(Run run) => Error(
        run,
        run.PendingApprovals is [var pending, ..]
            ? $"The run {run.Id} waits until somebody decides about its call of {pending.Tool}. GET /api/runs/{run.Id} shows what becomes of it."
            : $"The run {run.Id} goes on. GET /api/runs/{run.Id} shows what becomes of it.");

    /// <summary>A run that was not started, for a reason that the model, or its user, may mend.</summary>
    public static CallToolResult Refused(ProblemException problem)
    {
        var text = $"{problem.Code}: {McpFailures.Describe(problem)}";
        return Error(problem is LimitException limit ? $"{text} Try again in {RateLimitHeaders.Seconds(limit.RetryAfter, atLeast: 1)} s." : text);
    }

    private static string Reason(Run run) =>
        run.Error is { } error ? $"{error.Code}: {error.Message}"
        : run is { StopReason: StopReason.Refused, Output: { Length: > 0 } said } ? said
        : $"The run ended as {ContractJson.Name(run.Status)} ({(run.StopReason is { } reason ? ContractJson.Name(reason) : "unknown")}).";

    private static CallToolResult Error(Run run, string text)
    {
        var result = Error(text);
        result.Meta = Meta(run);
        return result;
    }

    private static CallToolResult Error(string text) => new() { IsError = true, Content = [new TextContentBlock { Text = text }] };

    private static JsonObject Meta(Run run) => new() { ["yggdrasil/runId"] = run.Id };
}
