using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Memory;

namespace Yggdrasil.Runs.Conversations;

/// <summary>What the next run of a conversation will be shown, for a while after the last one ended in this process.</summary>
/// <remarks>
/// It spares most turns the reading of their history, which is what would make later turns cost more than early ones. The log
/// is never changed, and an entry is found only under the very range it holds, so it is never stale.
/// </remarks>
internal sealed class HistoryCache : IDisposable
{
    private const long MaxCharacters = 32 * 1024 * 1024;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly MemoryCache _histories = new(new MemoryCacheOptions { SizeLimit = MaxCharacters });

    public ConversationHistory? Find(string partition, string conversationId, HistoryRange range) =>
        _histories.TryGetValue<ConversationHistory>((partition, conversationId, range), out var history) ? history : null;

    public void Add(string partition, string conversationId, HistoryRange range, ConversationHistory history)
    {
        var size = history.Messages.Sum(message => message.Contents.Sum(Size)) + (history.Summary?.Text.Length ?? 0);
        _histories.Set(
            (partition, conversationId, range),
            history,
            new MemoryCacheEntryOptions { Size = size, AbsoluteExpirationRelativeToNow = Lifetime });
    }

    public void Dispose() => _histories.Dispose();

    private static long Size(AIContent content) => 256 + content switch
    {
        TextContent text => text.Text.Length,
        TextReasoningContent reasoning => reasoning.Text.Length,
        FunctionResultContent { Result: string result } => result.Length,
        DataContent data => data.Data.Length,
        _ => 1024,
    };
}
