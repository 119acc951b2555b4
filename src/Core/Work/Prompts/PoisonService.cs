using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Storage;

namespace Yggdrasil.Work.Prompts;

/// <summary>Poisoned prompts, for operators: list and replay.</summary>
public sealed partial class PoisonService
{
    private readonly PoisonStore _store;
    private readonly PromptQueues _queues;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal PoisonService(PoisonStore store, PromptQueues queues, TimeProvider time, ILogger<PoisonService> logger) =>
        (_store, _queues, _time, _logger) = (store, queues, time, logger);

    /// <summary>Those of the caller's tenant, newest first, and those that do not say whose they are.</summary>
    /// <exception cref="ForbiddenException">The caller is no operator.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public Task<ListPage<PoisonedPrompt>> ListAsync(Caller caller, int limit, string? after, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireOperator(caller);
        return after is null || PoisonStore.IsId(after)
            ? _store.ListAsync(caller.Owner.Tenant, limit, after, cancellationToken)
            : throw InvalidRequestException.NotACursor();
    }

    /// <summary>
    /// Puts a prompt into the queue once more, as it was sent. As its own id makes it one run, to do so twice does no harm.
    /// </summary>
    /// <exception cref="ForbiddenException">The caller is no operator.</exception>
    /// <exception cref="NotFoundException">There is no such prompt in the caller's tenant.</exception>
    public async Task<PoisonedPrompt> ReplayAsync(Caller caller, string id, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireOperator(caller);
        if (await _store.FindAsync(caller.Owner.Tenant, id, cancellationToken) is not var (prompt, body))
        {
            throw new NotFoundException($"There is no poisoned prompt \"{id}\".");
        }

        await _queues.SendPromptAsync(body, TimeSpan.Zero, cancellationToken);
        var replayed = prompt with { ReplayedAt = _time.GetUtcNow(), ReplayedBy = caller.Owner.User };
        await _store.SetReplayedAsync(replayed, cancellationToken);
        LogReplayed(id, caller.Owner.Partition);
        return replayed;
    }

    [LoggerMessage(1203, LogLevel.Information, "Poisoned prompt {Id} was put into the queue again by {Operator}")]
    private partial void LogReplayed(string id, string @operator);
}
