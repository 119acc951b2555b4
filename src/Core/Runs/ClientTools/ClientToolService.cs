using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.ClientTools;

/// <summary>Answers of callers to the calls of their tools.</summary>
public sealed partial class ClientToolService
{
    private readonly RunStore _store;
    private readonly RunWakeUp _wakeUp;
    private readonly Contention _contention;
    private readonly TimeProvider _time;
    private readonly ILogger<ClientToolService> _logger;

    internal ClientToolService(RunStore store, RunWakeUp wakeUp, Contention contention, TimeProvider time, ILogger<ClientToolService> logger) =>
        (_store, _wakeUp, _contention, _time, _logger) = (store, wakeUp, contention, time, logger);

    /// <summary>Answers a call. The first answer counts; the same one again changes nothing.</summary>
    /// <param name="text">What the model is to be told.</param>
    /// <returns>The run, which waits for this call no more.</returns>
    /// <exception cref="NotFoundException">There is no such run in this scope, or no call of it that its caller makes.</exception>
    /// <exception cref="ConflictException">The call was answered otherwise, or it is too late.</exception>
    public async Task<Run> AnswerAsync(
        Scope scope, string runId, string callId, bool hasFailed, string text, CancellationToken cancellationToken)
    {
        if (!Ids.IsValid(callId))
        {
            throw new NotFoundException($"No call \"{callId}\" of this run waits for its caller.");
        }

        var answer = ClientAnswer.Of(callId, hasFailed, text, _time.GetUtcNow());
        return await _contention.RetryAsync("The run", AttemptAsync, cancellationToken);

        async Task<Run> AttemptAsync()
        {
            var run = Ids.IsValid(runId) ? await _store.FindAsync(scope.Owner.Partition, runId, cancellationToken) : null;
            AccessPolicy.Require(scope.Caller, RunAction.Control, run?.Caller.Owner, run?.AgentId, runId);
            if (await _store.FindAnswerAsync(run!.Caller.Owner.Partition, runId, callId, cancellationToken) is { } earlier)
            {
                return earlier.IsSameAs(answer) ? Without(run, callId) : throw new ConflictException("This call was answered already, and otherwise.");
            }

            await RequireWaitingAsync(run, callId, cancellationToken);
            var answered = await _store.AnswerAsync(run, answer, cancellationToken) ?? throw new ContendedException();
            LogAnswered(runId, callId, hasFailed);
            await _wakeUp.TellAsync(runId, answered.Driver, cancellationToken);
            return Without(answered, callId);
        }
    }

    /// <summary>Its row names the call until its driver has taken the answer up.</summary>
    private static Run Without(Run run, string callId) => run with { Awaited = [.. run.Awaited.Where(call => call.CallId != callId)] };

    private async Task RequireWaitingAsync(Run run, string callId, CancellationToken cancellationToken)
    {
        if (run.PendingToolCalls.FirstOrDefault(call => call.CallId == callId) is not { } pending)
        {
            var loaded = await _store.LoadAsync(run.Caller.Owner.Partition, run.Id, cancellationToken);
            throw loaded?.Entries.Any(entry => entry.Kind == EntryKind.ToolAwaited && entry.CallId == callId) == true
                ? new ConflictException("This call can no longer be answered.")
                : new NotFoundException($"No call \"{callId}\" of this run waits for its caller.");
        }

        if (_time.GetUtcNow() >= pending.ExpiresAt)
        {
            throw new ConflictException("The time for answering this call is over.");
        }
    }

    [LoggerMessage(1042, LogLevel.Information, "Run {RunId}, call {CallId}: its caller answered (failed: {HasFailed})")]
    private partial void LogAnswered(string runId, string callId, bool hasFailed);
}
