using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Conversations;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Models;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.Events;

/// <summary>Events of runs as the contract shows them, in the form of server-sent events.</summary>
internal static class EventDocuments
{
    /// <summary>An event is written once, however many read it, and forgotten with it.</summary>
    private static readonly ConditionalWeakTable<RunEvent, byte[]> Written = [];

    /// <param name="query">What links need beside the run's id; empty for the caller's own run, null for one that has none.</param>
    public static byte[] ToFrame(RunEvent what, string? query) =>
        query is not "" && what.Type == RunEventType.RunEnded ? Write(what, query) : Written.GetValue(what, static item => Write(item, ""));

    private static byte[] Write(RunEvent what, string? query)
    {
        object data = what.Type switch
        {
            RunEventType.RunStarted => RunStarted.From(what.Run!),
            RunEventType.ModelDelta => new { what.Turn, what.Text },
            RunEventType.ModelRestarted => new { what.Turn },
            RunEventType.ModelCompleted => ModelCompleted.From(what.Entry!),
            RunEventType.ToolStarted => new { what.Turn, what.CallId, Name = what.Tool, what.ChildRun },
            RunEventType.ToolCompleted => ToolCompleted.From(what),
            RunEventType.ApprovalRequired => ApprovalRequired.From(what),
            RunEventType.ApprovalDecided => ApprovalDecided.From(what),
            RunEventType.ToolAwaited => new { what.Turn, what.CallId, Name = what.Tool, what.Approval?.Arguments, what.Approval?.ExpiresAt },
            RunEventType.RunEnded => query is null ? RunDocument.Inline(what.Run!) : RunDocument.WithInput(what.Run!, query),
            _ => throw new InvalidOperationException($"{what.Type} has no form."),
        };

        // JSON writes line ends within text as escapes, so an event's data is one line.
        return Encoding.UTF8.GetBytes(
            $"id: {what.Id}\nevent: {Name(what)}\ndata: {JsonSerializer.Serialize(data, data.GetType(), ContractJson.Options)}\n\n");
    }

    private static string Name(RunEvent what) => what.Type switch
    {
        RunEventType.RunStarted => "run.started",
        RunEventType.ModelDelta => "model.delta",
        RunEventType.ModelRestarted => "model.restarted",
        RunEventType.ModelCompleted => "model.completed",
        RunEventType.ToolStarted => "tool.started",
        RunEventType.ToolCompleted => "tool.completed",
        RunEventType.ApprovalRequired => "approval.required",
        RunEventType.ApprovalDecided => "approval.decided",
        RunEventType.ToolAwaited => "tool.awaited",
        RunEventType.RunEnded => $"run.{ContractJson.Name(what.Run!.Status)}",
        _ => throw new InvalidOperationException($"{what.Type} has no name."),
    };

    /// <summary>What is true of a run from its start, so that it is the same whenever it is read.</summary>
    private sealed record RunStarted(string Id, string Agent, int AgentVersion, string? ConversationId, DateTimeOffset CreatedAt)
    {
        public static RunStarted From(Run run) => new(run.Id, run.AgentId, run.AgentVersion, run.ConversationId, run.CreatedAt);
    }

    private sealed record ModelCompleted(
        int Turn, string Text, IReadOnlyList<ToolCallDocument> ToolCalls, FinishReason? FinishReason, string? ResponseModel, bool? Inherited)
    {
        public static ModelCompleted From(JournalEntry answer) => new(
            answer.Turn,
            answer.Text(),
            [.. answer.ToolCalls().Select((call, index) => new ToolCallDocument(Ids.ToolCall(answer.Turn, index), call.Name, call.Arguments))],
            answer.FinishReason,
            answer.ResponseModel,
            answer.Inherited ? true : null);
    }

    /// <summary>As the run's <c>pendingApprovals</c> have it while it waits.</summary>
    private sealed record ApprovalRequired(
        int Turn, string CallId, string? Tool, JsonElement? Arguments, string? ArgumentsHash, DateTimeOffset? ExpiresAt)
    {
        public static ApprovalRequired From(RunEvent what) => new(
            what.Turn, what.CallId!, what.Tool, what.Approval?.Arguments, what.Approval?.ArgumentsHash, what.Approval?.ExpiresAt);
    }

    /// <param name="By">The user who decided; absent where time did.</param>
    /// <param name="Arguments">What replaces the model's, where something does.</param>
    private sealed record ApprovalDecided(
        int Turn, string CallId, string? Tool, ApprovalOutcome? Decision, string? By, DateTimeOffset? At, string? Reason, JsonElement? Arguments)
    {
        public static ApprovalDecided From(RunEvent what)
        {
            var decision = what.Entry!.Decision;
            return new(what.Turn, what.CallId!, what.Tool, decision?.Outcome, decision?.By, decision?.At, decision?.Reason, decision?.Arguments);
        }
    }

    private sealed record ToolCompleted(int Turn, string CallId, string? Name, StepStatus Status, long DurationMs, string? Result, bool? Inherited)
    {
        public static ToolCompleted From(RunEvent what) => new(
            what.Turn,
            what.CallId!,
            what.Tool,
            what.Entry!.Status,
            (long)what.Entry.Duration.TotalMilliseconds,
            what.Entry.Messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>().FirstOrDefault()?.Result?.ToString(),
            what.Entry.Inherited ? true : null);
    }
}
