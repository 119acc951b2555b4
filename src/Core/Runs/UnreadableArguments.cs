using Microsoft.Extensions.AI;

namespace Yggdrasil.Runs;

/// <summary>
/// Remembers that a model wrote arguments which are not JSON. Microsoft.Extensions.AI keeps that as an exception on the
/// content, which is not serialized, so the journal would forget it and a resumed run would call the tool without arguments.
/// </summary>
internal static class UnreadableArguments
{
    private const string Mark = "unreadableArguments";

    public static FunctionCallContent ToRecorded(FunctionCallContent call, string wireId) => new(wireId, call.Name, call.Arguments)
    {
        AdditionalProperties = call.Exception is null ? call.AdditionalProperties : new(call.AdditionalProperties ?? []) { [Mark] = true },
    };

    public static bool HasUnreadableArguments(this PendingCall call) =>
        call.Content.AdditionalProperties?.ContainsKey(Mark) == true;
}
