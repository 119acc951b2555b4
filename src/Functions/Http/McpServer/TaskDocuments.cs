using System.Text.Json;
using System.Text.Json.Nodes;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage.Due;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>Runs as the tasks extension shows them.</summary>
internal static class TaskDocuments
{
    /// <summary>The answer to a request that only had to be taken.</summary>
    public static JsonObject Done() => new() { ["resultType"] = "complete" };

    /// <param name="asks">Whether the client can ask its user about calls that wait for approval.</param>
    public static JsonObject Of(Run run, bool asks, RetentionOptions retention)
    {
        var isAsking = asks && !run.IsTerminal && run.PendingApprovals.Count > 0;
        var document = Done();
        document[TaskProtocol.TaskId] = run.Id;
        document["status"] = isAsking ? "input_required" : StatusOf(run);
        document["statusMessage"] = MessageOf(run);
        document["createdAt"] = run.CreatedAt;
        document["lastUpdatedAt"] = CreatedTask.UpdatedAt(run);
        document["ttlMs"] = CreatedTask.TtlOf(run, retention);
        document["pollIntervalMs"] = CreatedTask.PollInterval;
        if (isAsking)
        {
            document["inputRequests"] = ApprovalQuestions.Of(run);
        }
        else if (run.IsTerminal && run.Status != RunStatus.Cancelled)
        {
            // A run that failed is a call that came to an error; a task "fails" by an error of the protocol only.
            document["result"] = JsonSerializer.SerializeToNode(RunResults.Of(run, anySchema: true), TaskProtocol.Json);
        }

        return document;
    }

    private static string StatusOf(Run run) =>
        !run.IsTerminal ? "working"
        : run.Status == RunStatus.Cancelled ? "cancelled"
        : "completed";

    private static string MessageOf(Run run) => run switch
    {
        { IsTerminal: true } => "The run has ended.",
        { Status: RunStatus.Suspended } => "The run is suspended.",
        { PendingApprovals: [var pending, ..] } => $"The call of {pending.Tool} waits for approval.",
        { Status: RunStatus.Queued } => "The run has not begun.",
        _ => FormattableString.Invariant($"{run.Turns} turns are done."),
    };
}
