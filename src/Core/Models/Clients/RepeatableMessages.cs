using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Clients;

internal static class RepeatableMessages
{
    /// <summary>The messages as what can be read more than once: a caller's sequence may be lazy or single-pass.</summary>
    public static IReadOnlyCollection<ChatMessage> Repeatable(this IEnumerable<ChatMessage> messages) =>
        messages as IReadOnlyCollection<ChatMessage> ?? [.. messages];
}
