using Microsoft.Extensions.AI;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.ClientTools;

/// <summary>What a caller said of a call of its tool. The first answer to a call is the only one.</summary>
/// <param name="CallId">The call it is of.</param>
/// <param name="HasFailed">The tool failed, and <paramref name="Text"/> says how.</param>
/// <param name="Text">What the model is to be told, made safe as every result is. Content.</param>
public sealed record ClientAnswer(string CallId, bool HasFailed, string Text, DateTimeOffset At)
{
    /// <param name="text">As it was sent; never longer than a request.</param>
    public static ClientAnswer Of(string callId, bool hasFailed, string text, DateTimeOffset at) => new(callId, hasFailed, ToolExecutor.Sanitise(text), at);

    /// <summary>Whether another request says the same; when it came may differ.</summary>
    public bool IsSameAs(ClientAnswer other) => HasFailed == other.HasFailed && Text == other.Text;

    /// <summary>What becomes of a call that its caller did not answer in time.</summary>
    internal static ClientAnswer TooLate(PendingCall call) =>
        new(call.CallId, HasFailed: true, $"The caller did not answer the call of \"{call.Content.Name}\" in time.", call.Request!.ExpiresAt ?? call.Request.StartedAt);

    /// <summary>The call's entry. The tool's name is the caller's word and stays within the answer that called it.</summary>
    internal JournalEntry ToEntry(PendingCall call) => new()
    {
        Kind = EntryKind.Tool,
        Turn = call.Turn,
        CallId = CallId,
        Status = HasFailed ? StepStatus.Failed : StepStatus.Completed,
        StartedAt = call.Request!.StartedAt,
        Duration = At > call.Request.StartedAt ? At - call.Request.StartedAt : TimeSpan.Zero,
        Messages = [new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.Content.CallId, Text)])],
    };
}
