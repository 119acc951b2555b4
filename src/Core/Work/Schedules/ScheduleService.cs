using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Storage;

namespace Yggdrasil.Work.Schedules;

/// <summary>Schedules, for callers.</summary>
public sealed class ScheduleService
{
    /// <summary>Schedules that one user may have.</summary>
    public const int MaxPerOwner = 100;

    private readonly ScheduleStore _store;
    private readonly ScheduleCalendar _calendar;
    private readonly AgentService _agents;
    private readonly Contention _contention;
    private readonly TimeProvider _time;

    internal ScheduleService(ScheduleStore store, ScheduleCalendar calendar, AgentService agents, Contention contention, TimeProvider time) =>
        (_store, _calendar, _agents, _contention, _time) = (store, calendar, agents, contention, time);

    /// <summary>Creates a schedule of the caller's, or replaces its definition.</summary>
    /// <returns>The schedule, and whether it is new.</returns>
    /// <exception cref="InvalidRequestException">The id or the definition is not valid.</exception>
    /// <exception cref="ConflictException">The caller has as many as allowed.</exception>
    public async Task<(Schedule Schedule, bool Created)> PutAsync(
        Caller caller, string scheduleId, ScheduleDefinition definition, CancellationToken cancellationToken)
    {
        await ValidateAsync(caller, scheduleId, definition, cancellationToken);
        return await SaveAsync(caller, scheduleId, definition, MaxPerOwner, cancellationToken);
    }

    /// <summary>The same for a definition that is known to be valid.</summary>
    /// <exception cref="ConflictException">The caller has as many as allowed.</exception>
    internal async Task<(Schedule Schedule, bool Created)> SaveAsync(
        Caller caller, string scheduleId, ScheduleDefinition definition, int maxPerOwner, CancellationToken cancellationToken)
    {
        return await _contention.RetryAsync("The schedule", AttemptAsync, cancellationToken);

        async Task<(Schedule Schedule, bool Created)> AttemptAsync()
        {
            var partition = caller.Owner.Partition;
            var existing = await _store.FindPlainAsync(partition, scheduleId, cancellationToken);
            if (existing is null && maxPerOwner < int.MaxValue && await _store.CountAsync(caller.Owner, cancellationToken) >= maxPerOwner)
            {
                throw new ConflictException($"There may be {maxPerOwner} schedules; delete one first.");
            }

            var changed = Change(existing, caller, scheduleId, definition);
            if (changed.NextRunAt is { } next)
            {
                await _calendar.AddAsync(CalendarEntry.Of(partition, scheduleId, next), cancellationToken);
            }

            var saved = await _store.SaveAsync(changed, cancellationToken) ?? throw new ContendedException();
            await RemoveEntryAsync(existing, unless: saved.NextRunAt, cancellationToken);
            return (saved, existing is null);
        }
    }

    /// <exception cref="NotFoundException">There is no such schedule in this scope.</exception>
    public async Task<Schedule> GetAsync(Scope scope, string scheduleId, CancellationToken cancellationToken) =>
        await FindAsync(scope, scheduleId, cancellationToken) ?? throw NoSchedule(scheduleId);

    /// <summary>The schedule; null where there is none in this scope.</summary>
    public async Task<Schedule?> FindAsync(Scope scope, string scheduleId, CancellationToken cancellationToken) =>
        Ids.IsValid(scheduleId) || AgentSchedules.IsId(scheduleId) ? await _store.FindAsync(scope.Owner.Partition, scheduleId, cancellationToken) : null;

    /// <summary>Deletes a schedule; the runs that it started stay.</summary>
    /// <exception cref="NotFoundException">There is no such schedule in this scope.</exception>
    /// <exception cref="ForbiddenException">It is that of an agent's file.</exception>
    public async Task DeleteAsync(Scope scope, string scheduleId, CancellationToken cancellationToken)
    {
        if (AgentSchedules.IsId(scheduleId) && await FindAsync(scope, scheduleId, cancellationToken) is not null)
        {
            throw new ForbiddenException("This schedule is the timer of an agent's file, and goes with it.");
        }

        var found = Ids.IsValid(scheduleId) ? await _store.FindPlainAsync(scope.Owner.Partition, scheduleId, cancellationToken) : null;
        if (found is null || !await _store.DeleteAsync(found, cancellationToken))
        {
            throw NoSchedule(scheduleId);
        }

        await RemoveEntryAsync(found, unless: null, cancellationToken);
    }

    /// <summary>The owner's schedules, in order of their ids.</summary>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public Task<ListPage<Schedule>> ListAsync(Scope scope, int limit, string? after, CancellationToken cancellationToken) =>
        after is null || after.StartsWith(RowKeys.SchedulePrefix, StringComparison.Ordinal)
            ? _store.ListAsync(scope.Owner, limit, after, cancellationToken)
            : throw InvalidRequestException.NotACursor();

    private async Task ValidateAsync(Caller caller, string scheduleId, ScheduleDefinition definition, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Require(Ids.IsValid(scheduleId), "id", "An id is [A-Za-z0-9][A-Za-z0-9_-]{0,63}.");
        ScheduleClock.Validate(definition.Cron, definition.TimeZone, _time.GetUtcNow(), errors);
        try
        {
            await _agents.RequireAsync(AccessPolicy.ScopeOf(caller, userId: null), AgentAction.Run, definition.Agent, cancellationToken);
        }
        catch (NotFoundException missing)
        {
            errors.Add("agent", missing.Message);
        }

        errors.ThrowIfAny();
    }

    private Schedule Change(Schedule? existing, Caller caller, string scheduleId, ScheduleDefinition definition)
    {
        var now = _time.GetUtcNow();

        // The same request once more must not pass over an occurrence that is just being started.
        var goesOn = existing?.NextRunAt is not null
            && (existing.Definition.Cron, existing.Definition.TimeZone) == (definition.Cron, definition.TimeZone);
        return new Schedule
        {
            Id = scheduleId,
            Caller = caller,
            Definition = definition,
            Incarnation = existing?.Incarnation ?? Ids.NewUnique(),
            CreatedAt = existing?.CreatedAt ?? now,
            UpdatedAt = now,
            NextRunAt = !definition.Enabled ? null : goesOn ? existing!.NextRunAt : ScheduleClock.Of(definition).After(now),
            LastRunAt = existing?.LastRunAt,
            LastRunId = existing?.LastRunId,
            ETag = existing?.ETag ?? default,
        };
    }

    private async Task RemoveEntryAsync(Schedule? schedule, DateTimeOffset? unless, CancellationToken cancellationToken)
    {
        if (schedule?.NextRunAt is { } before && before != unless)
        {
            await _calendar.RemoveAsync(CalendarEntry.Of(schedule.Caller.Owner.Partition, schedule.Id, before), cancellationToken);
        }
    }

    private static NotFoundException NoSchedule(string scheduleId) => new($"There is no schedule \"{scheduleId}\".");
}
