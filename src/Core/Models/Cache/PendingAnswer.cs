using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Cache;

/// <summary>One caller's way to an answer: asked itself, unless it turns out that the answer is there or on its way.</summary>
/// <param name="ask">Asks the models. Its token is cancelled only when nobody waits for the answer any more.</param>
/// <param name="pack">The answer as it is kept; null for one that must not be.</param>
internal sealed class PendingAnswer(Func<CancellationToken, Task<ChatResponse>> ask, Func<ChatResponse, byte[]?> pack)
{
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The cache asks on a thread of its own. The call belongs to its run all the same: in traces, and in the scopes of logs.
    private readonly ExecutionContext? _context = ExecutionContext.Capture();

    /// <summary>Completes when this caller is the one who asks; never for one who gets another's answer.</summary>
    public Task Begun => _begun.Task;

    /// <summary>The answer this caller got by asking; null for one who did not ask.</summary>
    public ChatResponse? Answer { get; private set; }

    /// <exception cref="NotKeptException">There is an answer, which must not be kept or shared.</exception>
    public async ValueTask<byte[]> AskAsync(CancellationToken cancellationToken)
    {
        _begun.TrySetResult();
        Answer = await AskInContext(cancellationToken);
        return pack(Answer) ?? throw new NotKeptException();
    }

    private Task<ChatResponse> AskInContext(CancellationToken cancellationToken)
    {
        if (_context is null)
        {
            return ask(cancellationToken);
        }

        Task<ChatResponse>? asking = null;
        ExecutionContext.Run(_context, _ => asking = ask(cancellationToken), state: null);
        return asking!;
    }

    /// <summary>How an answer gets past a cache that keeps whatever it is given.</summary>
    public sealed class NotKeptException : Exception;
}
