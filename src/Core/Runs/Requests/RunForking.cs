using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Runs.Telemetry;

namespace Yggdrasil.Runs.Requests;

/// <summary>Forks runs: a fork begins with turns of an old run, and does not pay for these again.</summary>
public sealed class RunForking
{
    private readonly RunService _runs;
    private readonly RunStore _store;
    private readonly ConversationQueue _conversationQueue;
    private readonly AgentService _agents;
    private readonly TimeProvider _time;

    internal RunForking(RunService runs, RunStore store, ConversationQueue conversationQueue, AgentService agents, TimeProvider time) =>
        (_runs, _store, _conversationQueue, _agents, _time) = (runs, store, conversationQueue, agents, time);

    /// <summary>
    /// Starts a run of the same agent, as the old run has it, with a copy of the old run's turns before a given one. It is
    /// outside of any conversation. Otherwise it starts as any run does.
    /// </summary>
    /// <exception cref="NotFoundException">The caller has no such run.</exception>
    /// <exception cref="ForbiddenException">The run's agent is another's, who shares it with the caller no longer.</exception>
    /// <exception cref="InvalidRequestException">The run has no such turn, the fork has nothing to ask, or the agent refuses its input.</exception>
    /// <exception cref="ConflictException">The run is not as far as that yet.</exception>
    /// <exception cref="IdempotencyMismatchException">The key was used for another request.</exception>
    public Task<StartedRun> ForkAsync(
        Caller caller, string runId, ForkRun request, Idempotency? idempotency, TimeSpan wait, CancellationToken requestAborted) =>
        _runs.StartAsync(caller, id => PrepareAsync(id, caller, runId, request, requestAborted), idempotency, wait, requestAborted);

    /// <summary>Starts a run that goes on from the end of another, which may be of another agent, as any run starts.</summary>
    /// <param name="request">Without a conversation: the new run is outside of any.</param>
    /// <exception cref="NotFoundException">The caller has no such run or agent.</exception>
    /// <exception cref="InvalidRequestException">The request does not fit the agent.</exception>
    /// <exception cref="ConflictException">The run has not ended.</exception>
    public Task<StartedRun> ContinueAsync(
        Caller caller,
        string runId,
        string agentId,
        StartRun request,
        Idempotency? idempotency,
        TimeSpan? wait,
        CancellationToken requestAborted,
        Func<Run, Task>? beforeDriving = null) =>
        _runs.StartAsync(
            caller,
            async id =>
            {
                var prepared = await _runs.PrepareAsync(id, caller, agentId, request, requestAborted);
                var (source, entries, history) = await LoadAsync(caller, runId, requestAborted);
                if (!source.IsTerminal)
                {
                    throw new ConflictException("What is to be continued has not ended.");
                }

                var turns = ForkedJournal.TurnsOf(entries);
                return new NewRun(
                    prepared.Run with { ForkedFrom = source.Id, InheritedTurns = turns, Turns = turns },
                    ForkedJournal.Of(source, entries, history, turns + 1, request.Input, _time.GetUtcNow()));
            }, idempotency, wait, requestAborted, beforeDriving);

    private async Task<NewRun> PrepareAsync(string id, Caller caller, string runId, ForkRun request, CancellationToken cancellationToken)
    {
        var (source, entries, history) = await LoadAsync(caller, runId, cancellationToken);
        AccessPolicy.RequireRunning(caller);
        await RequireAgentAsync(caller, source, cancellationToken);
        var errors = new FieldErrors();
        IReadOnlyList<ChatMessage> input = request.Input is { } text ? [new ChatMessage(ChatRole.User, text)] : [];
        InputBlock.Validate(input, source.Agent, errors);
        errors.ThrowIfAny();
        var now = _time.GetUtcNow();
        return new NewRun(Fork(id, caller, source, request, now), ForkedJournal.Of(source, entries, history, request.FromTurn, input, now));
    }

    private async Task<(Run Source, IReadOnlyList<JournalEntry> Entries, ConversationHistory? History)> LoadAsync(
        Caller caller, string runId, CancellationToken cancellationToken)
    {
        // Not for another user: whoever starts a run answers for it, admins too.
        var partition = caller.Owner.Partition;
        var found = Ids.IsValid(runId) ? await _store.LoadAsync(partition, runId, cancellationToken) : null;
        AccessPolicy.Require(caller, RunAction.Read, found?.Run.Caller.Owner, found?.Run.AgentId, runId);
        var (source, entries) = found!.Value;
        if (source.IsEnqueued)
        {
            throw new ConflictException("The run waits for others of its conversation and has not begun.");
        }

        var history = source is { ConversationId: { } conversation, History: { } range }
            ? await _conversationQueue.LoadHistoryAsync(partition, conversation, range, cancellationToken)
            : null;
        return (source, entries, history);
    }

    /// <summary>An agent that was deleted lives on in its runs, and so in their forks; one that is no longer shared must not.</summary>
    private async Task RequireAgentAsync(Caller caller, Run source, CancellationToken cancellationToken)
    {
        if (!Ids.IsSharedAgent(source.AgentId))
        {
            return;
        }

        try
        {
            await _agents.RequireAsync(AccessPolicy.ScopeOf(caller, userId: null), AgentAction.Run, source.AgentId, cancellationToken);
        }
        catch (NotFoundException)
        {
            throw new ForbiddenException($"The agent \"{source.AgentId}\" of the run is no longer shared with you.");
        }
    }

    private static Run Fork(string id, Caller caller, Run source, ForkRun request, DateTimeOffset now) => new()
    {
        Id = id,
        Driver = Ids.Driver(id, 0),
        Caller = caller.ForWork(),
        AgentId = source.AgentId,
        AgentVersion = source.AgentVersion,
        AgentKey = source.AgentKey,
        Agent = source.Agent,
        ClientTools = source.ClientTools,
        ForkedFrom = source.Id,
        InputIsList = request.Input is null && source.InputIsList,
        InheritedTurns = request.FromTurn - 1,
        Turns = request.FromTurn - 1,
        Stream = source.Stream,
        Metadata = source.Metadata,
        Notices = [.. ChildrenNotice.Of(source.Agent)],
        TraceParent = RunSpans.BeginTrace(),
        CreatedAt = now,
        Deadline = now + (source.Deadline - source.CreatedAt),
        Status = RunStatus.Queued,
        LeaseUntil = DateTimeOffset.UnixEpoch,
    };
}
