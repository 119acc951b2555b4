using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Events;

/// <summary>The events of runs, for callers.</summary>
public sealed class RunEvents
{
    private readonly RunFeeds _feeds;
    private readonly RunStore _store;
    private readonly EventReaders _readers;
    private readonly TimeProvider _time;

    internal RunEvents(RunFeeds feeds, RunStore store, EventReaders readers, TimeProvider time) =>
        (_feeds, _store, _readers, _time) = (feeds, store, readers, time);

    /// <summary>Reads a run's events from the beginning, or after the one with the id <paramref name="after"/>.</summary>
    /// <returns>Null when that was the last one: nothing will come any more.</returns>
    /// <exception cref="NotFoundException">There is no such run in this scope.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not the id of an event of this run.</exception>
    /// <exception cref="TooManyEventReadersException">The caller reads as many as allowed.</exception>
    public Task<RunEventReader?> OpenAsync(Scope scope, string runId, string? after, CancellationToken cancellationToken) =>
        OpenAsync(scope, runId, after, Enter(scope.Caller), cancellationToken);

    /// <summary>Reads a run's events from the beginning for a request that waits for the run, and takes no slot: it ends as soon as any request.</summary>
    /// <exception cref="NotFoundException">There is no such run in this scope.</exception>
    public async Task<RunEventReader> FollowAsync(Scope scope, string runId, CancellationToken cancellationToken) =>
        (await ReadAsync(scope, runId, after: null, slot: null, cancellationToken))!;

    /// <summary>Takes one of the slots that a caller has for reading events, before there is a run to read. Dispose of it to give it back.</summary>
    /// <exception cref="TooManyEventReadersException">The caller reads as many as allowed.</exception>
    public IDisposable Enter(Caller caller) => _readers.Enter(caller.Owner);

    /// <summary>Reads a run's events in a slot that was taken before.</summary>
    /// <param name="slot">Given back with the reader, and where there is none.</param>
    public async Task<RunEventReader?> OpenAsync(
        Scope scope, string runId, string? after, IDisposable slot, CancellationToken cancellationToken)
    {
        RunEventReader? reader = null;
        try
        {
            reader = await ReadAsync(scope, runId, after, slot, cancellationToken);
        }
        finally
        {
            if (reader is null)
            {
                slot.Dispose();
            }
        }

        return reader;
    }

    /// <param name="slot">Given back when the reader has gone.</param>
    private async Task<RunEventReader?> ReadAsync(
        Scope scope, string runId, string? after, IDisposable? slot, CancellationToken cancellationToken)
    {
        var use = Ids.IsValid(runId) ? await _feeds.OpenAsync(scope.Owner.Partition, runId, cancellationToken) : null;
        AccessPolicy.Require(scope.Caller, RunAction.Read, use?.Feed.Run.Caller.Owner, use?.Feed.Run.AgentId, runId);
        var reader = await FindPositionAsync(use!, after, slot, cancellationToken);
        if (reader is null)
        {
            await use!.DisposeAsync();
        }

        return reader;
    }

    private async Task<RunEventReader?> FindPositionAsync(RunFeeds.FeedUse use, string? after, IDisposable? readerSlot, CancellationToken cancellationToken)
    {
        try
        {
            var run = use.Feed.Run;
            EventCursor? cursor = after is null ? null : EventCursor.Parse(after, run.Id) ?? throw NotAnId();
            if (cursor is { } position && position.From > use.Feed.Timeline.NextSequence)
            {
                // Either it was the end of the run, or the reader has it from another instance, which knows more than this one yet.
                var progress = await _store.FindProgressAsync(run.Caller.Owner.Partition, run.Id, cancellationToken);
                if (progress is not { } known || position.From > known.NextSequence + (known.IsTerminal ? 1 : 0))
                {
                    throw NotAnId();
                }

                if (position.From > known.NextSequence)
                {
                    return null;
                }
            }

            return new RunEventReader(use.Feed.Timeline, run.Id, cursor, use, _time) { Slot = readerSlot };
        }
        catch
        {
            await use.DisposeAsync();
            throw;
        }
    }

    private static InvalidRequestException NotAnId() =>
        new("after", "This is not the id of an event of this run; use the id of the last event that was read.");
}
