using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Client;

/// <summary>What a run has come to, in the words of Microsoft.Extensions.AI.</summary>
internal static class ChatAnswer
{
    /// <summary>The answer of a run that has ended, or the calls that it waits for.</summary>
    /// <exception cref="RunNotCompletedException">It has ended in another way.</exception>
    public static ChatResponse Of(Run run)
    {
        var message = new ChatMessage(ChatRole.Assistant, ContentsOf(run)) { MessageId = $"{run.Id}-{run.Turns}", CreatedAt = run.CompletedAt };
        return new ChatResponse(message)
        {
            ResponseId = run.Id,
            ConversationId = run.ConversationId,
            CreatedAt = run.CreatedAt,
            ModelId = run.ServedBy.Count == 0 ? null : run.ServedBy[^1],
            FinishReason = FinishReasonOf(run),
            Usage = run.HasEnded ? UsageOf(run.Usage) : null,
            RawRepresentation = run,
        };
    }

    public static IEnumerable<FunctionCallContent> CallsOf(Run run) =>
        (run.PendingToolCalls ?? []).Select(call => new FunctionCallContent(ChatRequest.CallIdOf(run.Id, call.CallId), call.Name, ArgumentsOf(call.Arguments)));

    public static ChatFinishReason? FinishReasonOf(Run run) => run switch
    {
        { HasEnded: false } => ChatFinishReason.ToolCalls,
        { FinishReason: FinishReason.Length } => ChatFinishReason.Length,
        { FinishReason: FinishReason.ContentFilter } => ChatFinishReason.ContentFilter,
        _ => ChatFinishReason.Stop,
    };

    public static UsageDetails UsageOf(RunUsage usage) => new()
    {
        InputTokenCount = usage.InputTokens,
        OutputTokenCount = usage.OutputTokens,
        TotalTokenCount = usage.TotalTokens,
        CachedInputTokenCount = usage.CachedInputTokens,
        ReasoningTokenCount = usage.ReasoningTokens,
    };

    private static IList<AIContent> ContentsOf(Run run)
    {
        if (!run.HasEnded)
        {
            return [.. CallsOf(run)];
        }

        run.EnsureCompleted();
        return run.Output is { Length: > 0 } text ? [new TextContent(text)] : [];
    }

    private static Dictionary<string, object?>? ArgumentsOf(JsonElement arguments) => arguments.ValueKind == JsonValueKind.Object
        ? arguments.EnumerateObject().ToDictionary(argument => argument.Name, argument => (object?)argument.Value)
        : null;
}
