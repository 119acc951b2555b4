using Azure.Core;
using Azure.Core.Pipeline;

namespace Yggdrasil.Tests.Batches;

/// <summary>Does what a test wants before a request of its choice goes out, or once storage has done it; each time it is sent.</summary>
internal sealed class RequestHook : HttpPipelinePolicy
{
    private int _transactions;

    public Action<HttpMessage> Before { get; set; } = _ => { };

    public Action<HttpMessage> After { get; set; } = _ => { };

    /// <summary>Does something once storage has done one of the transactions from now on: an exception loses its answer.</summary>
    /// <param name="number">Which of them, from 1.</param>
    public void AfterTransaction(int number, Action then)
    {
        _transactions = 0;
        After = message =>
        {
            if (IsTransaction(message) && ++_transactions == number)
            {
                then();
            }
        };
    }

    /// <summary>Does something before one of the transactions from now on goes out.</summary>
    /// <param name="number">Which of them, from 1.</param>
    public void BeforeTransaction(int number, Action then)
    {
        _transactions = 0;
        Before = message =>
        {
            if (IsTransaction(message) && ++_transactions == number)
            {
                then();
            }
        };
    }

    public static bool IsTransaction(HttpMessage message) => message.Request.Uri.Path.EndsWith("$batch", StringComparison.Ordinal);

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        Before(message);
        await ProcessNextAsync(message, pipeline);
        After(message);
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        throw new NotSupportedException("Storage is asked asynchronously.");
}
