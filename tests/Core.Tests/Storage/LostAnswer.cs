using Azure.Core;
using Azure.Core.Pipeline;

namespace Yggdrasil.Tests.Storage;

/// <summary>Loses the answer to one write, which is done all the same: what the client tries again then meets its own change.</summary>
internal sealed class LostAnswer : HttpPipelinePolicy
{
    private int _left;

    /// <summary>Whether the answer was lost.</summary>
    public bool IsLost { get; private set; }

    /// <param name="write">Which one of those to come, from 1.</param>
    public void Lose(int write) => (_left, IsLost) = (write, false);

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        throw new NotSupportedException("Nothing here is synchronous.");

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        await ProcessNextAsync(message, pipeline);
        if (message.Request.Method != RequestMethod.Get && Interlocked.Decrement(ref _left) == 0)
        {
            IsLost = true;
            throw new IOException("The connection was reset.");
        }
    }
}
