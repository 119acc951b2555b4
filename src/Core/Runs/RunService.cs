using Yggdrasil.Agents;
using Yggdrasil.Problems;
using Yggdrasil.Security;
using Yggdrasil.Security.Redaction;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs;

/// <summary>Runs as callers see them: start, read, list.</summary>
public sealed class RunService
{
    private readonly AgentService _agents;
    private readonly RunStore _store;
    private readonly RequestDrivenRuns _inPlace;
    private readonly RunOptions _options;
    private readonly TimeProvider _time;

    internal RunService(AgentService agents, RunStore store, RequestDrivenRuns inPlace, RunOptions options, TimeProvider time) =>
        (_agents, _store, _inPlace, _options, _time) = (agents, store, inPlace, options, time);

    /// <summary>Starts a run, or finds the one that an earlier request with the same idempotency key started.</summary>
    /// <param name="wait">How long to drive the run here and wait for its end; zero to leave it to its orchestration.</param>
    /// <param name="requestAborted">The caller went away; a run that was accepted goes on all the same.</param>
    /// <exception cref="NotFoundException">The caller has no such agent.</exception>
    /// <exception cref="InvalidRequestException">The request's limits do not fit the agent's, or the agent refuses its input.</exception>
    /// <exception cref="IdempotencyMismatchException">The key was used for another request.</exception>
    public async Task<StartedRun> StartAsync(
        Caller caller, string agentId, StartRun request, Idempotency? idempotency, TimeSpan wait, IRunScheduler scheduler, CancellationToken requestAborted)
    {
        var agent = await _agents.GetAsync(caller, agentId, requestAborted);
        Validate(request, agent);
        if (idempotency is not null && await FindRepeatedAsync(caller, idempotency, requestAborted) is { } earlier)
        {
            return new StartedRun(await _inPlace.WaitAsync(earlier, wait, requestAborted), Created: false);
        }

        var run = Create(caller, agent, request, idempotency, drivenHere: wait > TimeSpan.Zero);
        var input = new JournalEntry { Kind = EntryKind.Input, StartedAt = run.CreatedAt, Messages = request.Input };

        // First the driver, then the run: an orchestration that finds no run ends itself, a run without one would hang.
        DateTimeOffset? startAt = wait > TimeSpan.Zero ? run.LeaseUntil : null;
        await scheduler.ScheduleAsync(run.Driver, Ticket(run), startAt, requestAborted);
        if (await _store.StartAsync(run, input, requestAborted) is not { } started)
        {
            // Either a concurrent request with the same key was faster, or storage answered our own success a second time.
            var existing = await FindRepeatedAsync(caller, idempotency ?? new Idempotency("", ""), run.Id, requestAborted)
                ?? throw new ConflictException("The run was deleted while it was being started.");
            return new StartedRun(await _inPlace.WaitAsync(existing, wait, requestAborted), Created: idempotency is null);
        }

        return new StartedRun(
            wait > TimeSpan.Zero ? await _inPlace.DriveAsync(started, input, wait, scheduler, requestAborted) : started, Created: true);
    }

    /// <exception cref="NotFoundException">The caller has no such run.</exception>
    public async Task<Run> GetAsync(Caller caller, string runId, CancellationToken cancellationToken) =>
        (Ids.IsValid(runId) ? await _store.FindAsync(caller.Owner.Partition, runId, cancellationToken) : null) ?? throw NotFound(runId);

    /// <summary>The run and its recorded steps, in order.</summary>
    /// <exception cref="NotFoundException">The caller has no such run.</exception>
    public async Task<(Run Run, IReadOnlyList<JournalEntry> Steps)> GetStepsAsync(Caller caller, string runId, CancellationToken cancellationToken) =>
        (Ids.IsValid(runId) ? await _store.LoadAsync(caller.Owner.Partition, runId, cancellationToken) : null) ?? throw NotFound(runId);

    /// <summary>The caller's runs, newest first.</summary>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public Task<ListPage<Run>> ListAsync(Caller caller, RunFilter filter, int limit, string? after, CancellationToken cancellationToken)
    {
        if (after is not null && !after.StartsWith(RowKeys.ListPrefix, StringComparison.Ordinal))
        {
            throw new InvalidRequestException("after", "This is not a cursor of this list; use the \"next\" of its last page.");
        }

        return _store.ListAsync(caller.Owner, filter, limit, after, cancellationToken);
    }

    private async Task<Run?> FindRepeatedAsync(Caller caller, Idempotency idempotency, CancellationToken cancellationToken) =>
        await FindRepeatedAsync(caller, idempotency, Ids.RunFor(caller.Owner.Partition, idempotency.Key), cancellationToken);

    private async Task<Run?> FindRepeatedAsync(Caller caller, Idempotency idempotency, string runId, CancellationToken cancellationToken)
    {
        var run = await _store.FindAsync(caller.Owner.Partition, runId, cancellationToken);
        return run is null || (run.RequestHash ?? "") == idempotency.RequestHash ? run : throw new IdempotencyMismatchException();
    }

    private static void Validate(StartRun request, Agent agent)
    {
        var errors = new FieldErrors();
        AgentValidator.ValidateMaxTurns(request.MaxTurns, agent.Definition, errors);
        AgentValidator.ValidateDeadline(request.DeadlineSeconds, "deadlineSeconds", errors);
        InputBlock.Validate(request.Input, agent.Definition, errors);
        errors.ThrowIfAny();
    }

    private Run Create(Caller caller, Agent agent, StartRun request, Idempotency? idempotency, bool drivenHere)
    {
        var now = _time.GetUtcNow();
        var id = idempotency is null ? Ids.NewRun() : Ids.RunFor(caller.Owner.Partition, idempotency.Key);
        var run = new Run
        {
            Id = id,
            Driver = Ids.Driver(id, 0),
            Caller = caller,
            AgentId = agent.Id,
            AgentVersion = agent.Version,
            Agent = agent.Definition with { MaxTurns = request.MaxTurns ?? agent.Definition.MaxTurns },
            Metadata = request.Metadata,
            RequestHash = idempotency?.RequestHash,
            CreatedAt = now,
            Deadline = now.AddSeconds(request.DeadlineSeconds ?? agent.Definition.DeadlineSeconds),
            Status = RunStatus.Queued,
            LeaseUntil = DateTimeOffset.UnixEpoch,
        };
        return drivenHere
            ? run with { Status = RunStatus.Running, StartedAt = now, Epoch = 1, LeaseUntil = now + _options.Lease, Driver = Ids.Driver(id, 1) }
            : run;
    }

    private static RunTicket Ticket(Run run) => new(run.Caller.Owner.Partition, run.Id);

    private static NotFoundException NotFound(string runId) => new($"There is no run \"{runId}\".");
}
