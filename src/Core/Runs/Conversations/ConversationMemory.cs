using System.Collections.Concurrent;

namespace Yggdrasil.Runs.Conversations;

/// <summary>Conversations as this process last saw them, which spares most turns a read.</summary>
/// <remarks>
/// What is stale does no harm: a change is written under the version it was made from, so its transaction fails and the
/// conversation is read anew. Nobody is refused, or made to wait, because of what is only remembered.
/// </remarks>
internal sealed class ConversationMemory(ConversationStore store)
{
    /// <summary>More conversations than are active in one process at a time.</summary>
    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<(string Partition, string Id), Conversation> _known = new();

    /// <summary>The conversation as remembered, or else as stored.</summary>
    public async ValueTask<Conversation?> FindAsync(string partition, string id, CancellationToken cancellationToken) =>
        _known.TryGetValue((partition, id), out var known) ? known : await ReadAsync(partition, id, cancellationToken);

    /// <summary>As <see cref="FindAsync"/>, but one that says that somebody has to wait is read.</summary>
    public async ValueTask<Conversation?> FindFreeAsync(string partition, string id, CancellationToken cancellationToken) =>
        _known.TryGetValue((partition, id), out var known) && known is { ActiveRun: null, IsDeleted: false }
            ? known
            : await ReadAsync(partition, id, cancellationToken);

    public void Remember(Conversation conversation)
    {
        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }

        _known[(conversation.Owner.Partition, conversation.Id)] = conversation;
    }

    public void Forget(string partition, string id) => _known.TryRemove((partition, id), out _);

    private async Task<Conversation?> ReadAsync(string partition, string id, CancellationToken cancellationToken)
    {
        var read = await store.FindAsync(partition, id, cancellationToken);
        if (read is not null)
        {
            Remember(read);
        }

        return read;
    }
}
