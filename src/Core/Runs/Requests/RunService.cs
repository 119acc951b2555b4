using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Requests;

/// <summary>Runs, for callers: start, read, list.</summary>
public sealed class RunService
{
    /// <summary>How long a request waits for its run to be committed; well within the time for which an orchestration looks for it.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(8);

    private readonly AgentService _agents;
    private readonly RunStore _store;
    private readonly RunList _list;
    private readonly ChildUsage _children;
    private readonly ConversationQueue _conversationQueue;
    private readonly CallbackRules _callbacks;
    private readonly QuotaCompanion _quotas;
    private readonly RequestDrivenRuns _requestDriven;
    private readonly RunWakeUp _wakeUp;
    private readonly StartRecovery _recovery;
    private readonly RunBackups _backups;
    private readonly OverdueRuns _overdue;
    private readonly IRunScheduler _scheduler;
    private readonly RunOptions _options;
    private readonly TimeProvider _time;

    internal RunService(
        AgentService agents,
        RunStore store,
        RunList list,
        ConversationQueue conversationQueue,
        CallbackRules callbacks,
        QuotaCompanion quotas,
        RequestDrivenRuns requestDriven,
        RunWakeUp wakeUp,
        StartRecovery recovery,
        RunBackups backups,
        OverdueRuns overdue,
        IRunScheduler scheduler,
        RunOptions options,
        TimeProvider time)
    {
        (_agents, _store, _list, _conversationQueue, _callbacks, _quotas) = (agents, store, list, conversationQueue, callbacks, quotas);
        (_requestDriven, _wakeUp, _recovery, _backups, _overdue) = (requestDriven, wakeUp, recovery, backups, overdue);
        (_scheduler, _options, _time) = (scheduler, options, time);
        _children = new ChildUsage(store);
    }

    /// <summary>Starts a run, which is the caller's own, or finds the one that an earlier request with the same idempotency key started.</summary>
    /// <param name="wait">
    /// How long to drive the run here and wait for its end; zero to leave it to its orchestration; null to drive it here and answer as soon
    /// as it has begun, for a caller who reads its events: it goes on also when that caller goes away.
    /// </param>
    /// <param name="requestAborted">The caller went away; a run that was accepted goes on all the same.</param>
    /// <exception cref="NotFoundException">The caller has no such agent, and none of that id is shared with the caller.</exception>
    /// <exception cref="InvalidRequestException">The request's limits do not fit the agent's, or the agent refuses its input.</exception>
    /// <exception cref="IdempotencyMismatchException">The key was used for another request.</exception>
    /// <exception cref="LimitException">The caller has started as many runs, or used as much, as allowed.</exception>
    /// <exception cref="ConflictException">The conversation has an active run, and the request does not say what to do then.</exception>
    /// <param name="beforeDriving">Told of a new run before anything of it is done, so that its events can be read from the first on.</param>
    public Task<StartedRun> StartAsync(
        Caller caller, string agentId, StartRun request, Idempotency? idempotency, TimeSpan? wait,
        CancellationToken requestAborted, Func<Run, Task>? beforeDriving = null) =>
        StartAsync(caller, id => PrepareAsync(id, caller, agentId, request, requestAborted), idempotency, wait, requestAborted, beforeDriving);

    /// <summary>A run of an agent that is about to start, by the rules that a request for one has to keep.</summary>
    internal async Task<NewRun> PrepareAsync(string id, Caller caller, string agentId, StartRun request, CancellationToken cancellationToken)
    {
        var agent = await _agents.RequireToRunAsync(AccessPolicy.ScopeOf(caller, userId: null), agentId, cancellationToken);
        await ValidateAsync(caller, request, agent, cancellationToken);
        await _conversationQueue.RequireAsync(caller, request.ConversationId, cancellationToken);
        return NewRun.Of(id, caller, agent.Snapshot, request, _time.GetUtcNow());
    }

    /// <summary>Starts what is prepared, unless an earlier request with the same idempotency key has.</summary>
    /// <param name="prepare">Given the new run's id. A failure starts nothing.</param>
    internal async Task<StartedRun> StartAsync(
        Caller caller, Func<string, Task<NewRun>> prepare, Idempotency? idempotency, TimeSpan? wait,
        CancellationToken requestAborted, Func<Run, Task>? beforeDriving = null)
    {
        // The key comes first: a repeat finds its run also when the agent has been changed or deleted since.
        if (idempotency is not null && await FindRepeatedAsync(caller, idempotency, requestAborted) is { } earlier)
        {
            return await RepeatedAsync(earlier, created: false, wait, requestAborted);
        }

        try
        {
            return await StartNewAsync(caller, prepare, idempotency, wait, beforeDriving, requestAborted);
        }
        catch (LimitException) when (idempotency is not null)
        {
            // A concurrent request with the same key may have taken the last place, for the very same run.
            if (await FindRepeatedAsync(caller, idempotency, requestAborted) is { } same)
            {
                return await RepeatedAsync(same, created: false, wait, requestAborted);
            }

            throw;
        }
    }

    private async Task<StartedRun> StartNewAsync(
        Caller caller, Func<string, Task<NewRun>> prepare, Idempotency? idempotency, TimeSpan? wait,
        Func<Run, Task>? beforeDriving, CancellationToken requestAborted)
    {
        var id = idempotency is null ? Ids.NewRun() : Ids.RunFor(caller.Owner.Partition, idempotency.Key);
        var prepared = await prepare(id);
        var (run, entries) = prepared;
        run = run with { RequestHash = idempotency?.RequestHash, Input = JournalEntry.InputOf(entries) };

        // A run that has to wait for others of its conversation is not the request's to drive.
        var isToBeDriven = wait is null || wait > TimeSpan.Zero;
        var willWait = await WillWaitAsync(run, isToBeDriven, requestAborted);
        await _quotas.RequireRoomAsync(run with { IsEnqueued = willWait }, prepared.Messages, requestAborted);
        var drivenHere = !willWait && isToBeDriven;
        run = drivenHere ? DrivenHere(run) : run;

        // First the driver, then the run: a driver that finds no run gives up, a run without one would hang.
        BackupReceipt? backup = null;
        Run? committed;
        try
        {
            committed = await CommitAsync(
                run,
                entries,
                async token =>
                {
                    if (drivenHere)
                    {
                        backup = await _backups.PutAsync(Reference(run), token);
                    }
                    else
                    {
                        await _scheduler.ScheduleAsync(run.Driver, Reference(run), token);
                    }
                },
                requestAborted);
        }
        catch (ProblemException) when (backup is { } needless)
        {
            // A refusal: nothing was written.
            _backups.TakeBack(needless);
            throw;
        }

        if (committed is not { } started)
        {
            // Either a concurrent request with the same key was faster, or storage answered our own success a second time.
            var existing = await FindRepeatedAsync(caller, idempotency ?? new Idempotency("", ""), run.Id, requestAborted)
                ?? throw new ConflictException("The run was deleted while it was being started.");
            if (backup is { } other && existing.Driver != run.Driver)
            {
                // It is not the one that the message is for, and has a driver of its own.
                _backups.TakeBack(other);
            }

            return await RepeatedAsync(existing, created: idempotency is null, wait, requestAborted);
        }

        if (backup is { } held && !started.IsEnqueued)
        {
            // Whatever becomes of the reader, the run has begun and is driven.
            var told = beforeDriving?.Invoke(started) ?? Task.CompletedTask;
            await told.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return new StartedRun(await _requestDriven.DriveAsync(started, entries, held, wait, requestAborted), Created: true);
        }

        if (backup is { } early)
        {
            // Another run of its conversation was faster: it is not the request's to drive after all, and is to be woken when it is next.
            await _recovery.EnsureDrivenAsync(started, requestAborted);
            _backups.TakeBack(early);
        }

        await WakeInterruptedAsync(started, requestAborted);
        return new StartedRun(await _requestDriven.WaitAsync(started, wait ?? TimeSpan.Zero, requestAborted), Created: true);
    }

    /// <exception cref="NotFoundException">There is no such run in this scope.</exception>
    public async Task<Run> GetAsync(Scope scope, string runId, CancellationToken cancellationToken)
    {
        var run = Ids.IsValid(runId) ? await _store.FindAsync(scope.Owner.Partition, runId, cancellationToken) : null;
        AccessPolicy.Require(scope.Caller, RunAction.Read, run?.Caller.Owner, run?.AgentId, runId);
        return run!;
    }

    /// <summary>
    /// The run with what it was asked, and with what the runs below it have used; one that is past its deadline and that nobody drives has
    /// ended by this.
    /// </summary>
    /// <exception cref="NotFoundException">There is no such run in this scope.</exception>
    public async Task<Run> GetToShowAsync(Scope scope, string runId, CancellationToken cancellationToken)
    {
        var run = Ids.IsValid(runId) ? await _store.FindWithInputAsync(scope.Owner.Partition, runId, cancellationToken) : null;
        AccessPolicy.Require(scope.Caller, RunAction.Read, run?.Caller.Owner, run?.AgentId, runId);
        var shown = await _overdue.EndAsync(run!, cancellationToken);
        shown = await _store.WithoutSettledAsync(shown, cancellationToken);
        return await _children.AddToAsync(shown with { Input = run!.Input }, cancellationToken);
    }

    /// <summary>The run at its end, or as it is after <paramref name="wait"/>.</summary>
    public Task<Run> WaitAsync(Run run, TimeSpan wait, CancellationToken cancellationToken) => _requestDriven.WaitAsync(run, wait, cancellationToken);

    /// <summary>A run that its caller has anyway, as <see cref="GetToShowAsync"/> shows it.</summary>
    public async Task<Run> ToShowAsync(Run run, CancellationToken cancellationToken)
    {
        var input = run.Input ?? (await _store.FindWithInputAsync(run.Caller.Owner.Partition, run.Id, cancellationToken))?.Input;
        return await _children.AddToAsync(run with { Input = input }, cancellationToken);
    }

    /// <summary>The run and its recorded steps, in order.</summary>
    /// <exception cref="NotFoundException">There is no such run in this scope.</exception>
    public async Task<(Run Run, IReadOnlyList<JournalEntry> Steps)> GetStepsAsync(Scope scope, string runId, CancellationToken cancellationToken)
    {
        var found = Ids.IsValid(runId) ? await _store.LoadAsync(scope.Owner.Partition, runId, cancellationToken) : null;
        AccessPolicy.Require(scope.Caller, RunAction.Read, found?.Run.Caller.Owner, found?.Run.AgentId, runId);
        return found!.Value;
    }

    /// <summary>The owner's runs, newest first.</summary>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public async Task<ListPage<Run>> ListAsync(Scope scope, RunFilter filter, int limit, string? after, CancellationToken cancellationToken)
    {
        if ((filter.ConversationId is { } conversation && !Ids.IsValid(conversation)) || (filter.Parent is { } parent && !Ids.IsValid(parent)))
        {
            return new ListPage<Run>([], Next: null);
        }

        if (after is not null && !after.StartsWith(RunList.PrefixOf(filter), StringComparison.Ordinal))
        {
            throw InvalidRequestException.NotACursor();
        }

        var page = await _list.ListAsync(scope.Owner, filter, limit, after, cancellationToken);
        List<Run> runs = [];
        foreach (var run in page.Items)
        {
            runs.Add(await _overdue.EndAsync(run, cancellationToken));
        }

        return page with
        {
            Items = [.. runs.Where(run => (filter.Status is null || run.Status == filter.Status) && AccessPolicy.IsInScope(scope.Caller, run.AgentId))],
        };
    }

    /// <summary>Commits a start, or has its caller try again when that takes too long; what has become of it then is found out later.</summary>
    /// <exception cref="StorageNotAnsweringException">It was not done in time.</exception>
    /// <param name="provideDriver">Begun at once, and done before anything is committed: what is to be written is made ready meanwhile.</param>
    private async Task<Run?> CommitAsync(
        Run run, IReadOnlyList<JournalEntry> entries, Func<CancellationToken, Task> provideDriver, CancellationToken requestAborted)
    {
        using var patience = new CancellationTokenSource(StartPatience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, requestAborted);
        var driver = provideDriver(either.Token);
        try
        {
            return await _store.StartAsync(run, entries, driver, either.Token);
        }
        catch (OperationCanceledException late) when (!requestAborted.IsCancellationRequested)
        {
            throw new StorageNotAnsweringException(
                "The run could not be stored in time. It may have been started or not: repeat the request, with its Idempotency-Key if it has one.",
                TimeSpan.FromSeconds(5),
                late);
        }
        finally
        {
            // Where making ready has failed, what became of the driver is still to be known.
            await driver.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>A run that an earlier request has started. Whatever became of that request, the run is driven from now on.</summary>
    private async Task<StartedRun> RepeatedAsync(Run run, bool created, TimeSpan? wait, CancellationToken requestAborted)
    {
        run = await _recovery.EnsureDrivenAsync(run, requestAborted);
        return new StartedRun(await _requestDriven.WaitAsync(run, wait ?? TimeSpan.Zero, requestAborted), created);
    }

    /// <summary>Whether a run will have to wait for others of its conversation, among which none is past its deadline.</summary>
    private async Task<bool> WillWaitAsync(Run run, bool isToBeDriven, CancellationToken cancellationToken)
    {
        if (run.ConversationId is not null
            && await _conversationQueue.FindKnownActiveAsync(run, cancellationToken) is { } active
            && await _overdue.EndAsync(run.Caller.Owner.Partition, active, cancellationToken))
        {
            isToBeDriven = true;
        }

        return await _conversationQueue.WillWaitAsync(run, asRemembered: !isToBeDriven, cancellationToken);
    }

    private async Task<Run?> FindRepeatedAsync(Caller caller, Idempotency idempotency, CancellationToken cancellationToken) =>
        await FindRepeatedAsync(caller, idempotency, Ids.RunFor(caller.Owner.Partition, idempotency.Key), cancellationToken);

    private async Task<Run?> FindRepeatedAsync(Caller caller, Idempotency idempotency, string runId, CancellationToken cancellationToken)
    {
        var (run, wasDeleted) = await _store.FindEvenDeletedAsync(caller.Owner.Partition, runId, cancellationToken);
        if (wasDeleted)
        {
            // Making it anew would break the promise that one key is one run; a caller that wants another run has another key.
            throw new ConflictException("The run of this Idempotency-Key was deleted. Use another key for another run.");
        }

        // It is its owner's, whoever starts in the owner's name: an API key must not reach another agent's run by it.
        return run is null || ((run.RequestHash ?? "") == idempotency.RequestHash && AccessPolicy.IsInScope(caller, run.AgentId))
            ? run
            : throw new IdempotencyMismatchException();
    }

    /// <summary>The start set the flag of the run that it interrupts; a driver that waits would not see it for a while.</summary>
    private async Task WakeInterruptedAsync(Run started, CancellationToken cancellationToken)
    {
        if (started is { IsEnqueued: true, OnConflict: OnConflict.Interrupt }
            && await _conversationQueue.FindActiveAsync(started, cancellationToken) is { } active
            && await _store.FindDriverAsync(started.Caller.Owner.Partition, active, cancellationToken) is { } driver)
        {
            await _wakeUp.TellAsync(active, driver, cancellationToken);
        }
    }

    private async Task ValidateAsync(Caller caller, StartRun request, Agent agent, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        AgentValidator.ValidateMaxTurns(request.MaxTurns, agent.Definition, errors);
        AgentValidator.ValidateDeadline(request.DeadlineSeconds, "deadlineSeconds", errors);
        request.Overrides.Validate(agent.Definition, request.ClientTools, errors);
        ClientToolRules.Validate(request.ClientTools, agent.Definition, errors);
        InputBlock.Validate(request.Input, agent.Definition, errors, request.Overrides.Instructions);
        await _callbacks.ValidateAsync(caller.Owner, request.CallbackUrl, errors, cancellationToken);
        errors.ThrowIfAny();
    }

    private Run DrivenHere(Run run) => run with
    {
        Status = RunStatus.Running,
        StartedAt = run.CreatedAt,
        Epoch = 1,
        LeaseUntil = run.CreatedAt + _options.Lease,
        Driver = Ids.Driver(run.Id, 1),
    };

    private static RunReference Reference(Run run) => new(run.Caller.Owner.Partition, run.Id);
}
