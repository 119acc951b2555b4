using Microsoft.Extensions.AI;

namespace Yggdrasil.Functions.Http.Runs;

/// <summary>What a model was asked, as its caller sent it: a text, or a list of messages.</summary>
internal sealed record InputDocument(string Role, string Content)
{
    /// <param name="isList">Whether a single message was sent as a list too.</param>
    public static object? Of(IReadOnlyList<ChatMessage>? input, bool isList) => input switch
    {
        null or [] => null,
        [{ Role: var role } only] when !isList && role == ChatRole.User => only.Text,
        _ => input.Select(message => new InputDocument(message.Role.Value, message.Text)).ToList(),
    };
}
