using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Batches;

/// <summary>An upload of so many items for the agent that the settings name.</summary>
internal sealed class ListedUpload(int count, string text = "Question") : BatchUpload
{
    public override BatchHeader Header => new("assistant", CallbackUrl: null, $"{text}/{count}");

    public override async IAsyncEnumerable<NewBatchItem> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
            yield return new NewBatchItem($"row-{i}", [new ChatMessage(ChatRole.User, $"{text} {i}")]);
        }
    }
}
