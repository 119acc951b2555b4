using System.Globalization;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Work.Schedules;

/// <summary>Starts the runs of schedules that are due, each occurrence once.</summary>
/// <remarks>
/// <code>
///   entry in the calendar ──► schedule still due then? ──no──► entry removed
///                                   │yes
///             start the run, its id made of schedule and occurrence
///                                   │
///             next entry written ──► schedule advanced, under its version ──► old entry removed
/// </code>
/// Two instances that do this at once start the same run, which exists once, and one of them advances the schedule. A crash
/// anywhere leaves the entry, and the next minute begins at the top. What is found overdue by more than a few minutes was
/// missed: it is passed over, or made up for by one run, as the schedule says.
/// </remarks>
public sealed partial class ScheduleStarter
{
    /// <summary>Failures in a row, of the schedule's own making, after which it is disabled.</summary>
    internal const int MaxFailures = 10;

    /// <summary>What is later than this was missed; a host that starts, or one busy minute, is no outage.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>An entry without a schedule may be one whose row is about to be written; not after this.</summary>
    private static readonly TimeSpan EntryPatience = TimeSpan.FromMinutes(5);

    /// <summary>The timer comes again each minute, to what this one leaves.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(50);

    private const int SideBySide = 8;

    private readonly ScheduleStore _store;
    private readonly ScheduleCalendar _calendar;
    private readonly AgentSchedules _ofAgents;
    private readonly RunService _runs;
    private readonly DisabledUsers _disabled;
    private readonly UnknownValues _unknown;
    private readonly TimeProvider _time;
    private readonly ILogger<ScheduleStarter> _logger;

    internal ScheduleStarter(
        ScheduleStore store,
        ScheduleCalendar calendar,
        AgentSchedules ofAgents,
        RunService runs,
        DisabledUsers disabled,
        UnknownValues unknown,
        TimeProvider time,
        ILogger<ScheduleStarter> logger) =>
        (_store, _calendar, _ofAgents, _runs, _disabled, _unknown, _time, _logger) = (store, calendar, ofAgents, runs, disabled, unknown, time, logger);

    /// <summary>Starts what is due. One that fails is tried again at the next call, and keeps no other from being started.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        await PutThoseOfAgentsAsync(cancellationToken);
        var due = _calendar.ListDueAsync(_time.GetUtcNow(), cancellationToken).TakeWhile(_ => _time.GetElapsedTime(started) < Budget);
        var options = new ParallelOptions { MaxDegreeOfParallelism = SideBySide, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(due, options, async (entry, token) =>
        {
            try
            {
                await SeeToAsync(entry, token);
            }
            catch (Exception failure) when (!token.IsCancellationRequested)
            {
                var errorId = Ids.NewError();
                LogFailed(entry.Partition, entry.ScheduleId, errorId, failure.GetType().FullName);
                LogDetails(failure, errorId);
            }
        });
    }

    private async Task PutThoseOfAgentsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _ofAgents.PutAsync(cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            var errorId = Ids.NewError();
            LogNotPut(errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
        }
    }

    private async Task SeeToAsync(CalendarEntry entry, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var schedule = await _store.FindPlainAsync(entry.Partition, entry.ScheduleId, cancellationToken);
        if (schedule?.NextRunAt is not { } due || CalendarEntry.MinuteOf(due) != entry.Minute)
        {
            if (now - entry.WrittenAt > EntryPatience)
            {
                await _calendar.RemoveAsync(entry, cancellationToken);
            }

            return;
        }

        if (_ofAgents.IsStale(schedule))
        {
            await _store.DeleteAsync(schedule, cancellationToken);
            await _calendar.RemoveAsync(entry, cancellationToken);
            LogRemoved(entry.Partition, entry.ScheduleId);
            return;
        }

        if (!ScheduleClock.Knows(schedule.Definition))
        {
            // Said once: it is met again each minute, until an instance that reads it has moved it on.
            if (_unknown.Add(StorageClients.WorkTable, "calendar of a schedule", $"{entry.Partition}/{entry.ScheduleId}"))
            {
                LogFailed(entry.Partition, entry.ScheduleId, Ids.NewError(), "unknown calendar");
            }

            return;
        }

        var seen = now - due > Tolerance && !schedule.Definition.CatchUp
            ? schedule with { LastError = "missed" }
            : await StartAsync(schedule, due, cancellationToken);
        await AdvanceAsync(seen, entry, now, cancellationToken);
    }

    private async Task AdvanceAsync(Schedule seen, CalendarEntry entry, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var enabled = seen.Failures < MaxFailures;
        var next = seen with
        {
            Definition = seen.Definition with { Enabled = enabled },
            NextRunAt = enabled ? ScheduleClock.Of(seen.Definition).After(now) : null,
        };
        if (next.NextRunAt is { } at)
        {
            await _calendar.AddAsync(CalendarEntry.Of(entry.Partition, entry.ScheduleId, at), cancellationToken);
        }

        // Null when its owner changed or deleted it, or another instance was faster: what is true then is there to be found.
        if (await _store.AdvanceAsync(next, cancellationToken) is not null)
        {
            await _calendar.RemoveAsync(entry, cancellationToken);
            if (!enabled)
            {
                LogDisabled(entry.Partition, entry.ScheduleId, seen.Failures, seen.LastError);
            }
        }
    }

    /// <returns>The schedule with what came of this occurrence.</returns>
    private async Task<Schedule> StartAsync(Schedule schedule, DateTimeOffset due, CancellationToken cancellationToken)
    {
        if (await _disabled.ContainsAsync(schedule.Caller.Owner, cancellationToken))
        {
            return schedule with { LastError = "user_disabled" };
        }

        try
        {
            // No caller's key has a line break, so none is ever taken for one of these.
            var occurrence = string.Create(CultureInfo.InvariantCulture, $"schedule\n{schedule.Id}\n{schedule.Incarnation}\n{due.UtcTicks}");
            var (run, _) = await _runs.StartAsync(
                await _store.OpenCallerAsync(schedule, cancellationToken),
                schedule.Definition.Agent,
                await RequestOfAsync(schedule, cancellationToken),
                new Idempotency(occurrence, RequestHash: "schedule"),
                wait: TimeSpan.Zero,
                cancellationToken);
            LogStarted(schedule.Caller.Owner.Partition, schedule.Id, run.Id);
            return schedule with { LastRunId = run.Id, LastRunAt = due, LastError = null, Failures = 0 };
        }
        catch (Exception failure) when (failure is NotFoundException or ForbiddenException or InvalidRequestException or ContentProtectionException)
        {
            var code = (failure as ProblemException)?.Code ?? RunError.ContentUnreadable.Code;
            LogRefused(schedule.Caller.Owner.Partition, schedule.Id, code);
            return schedule with { LastError = code, Failures = schedule.Failures + 1 };
        }
        catch (ProblemException refused)
        {
            // A quota, a conversation that is full: another time, and nothing that the schedule could correct.
            LogRefused(schedule.Caller.Owner.Partition, schedule.Id, refused.Code);
            return schedule with { LastError = refused.Code };
        }
    }

    private async Task<StartRun> RequestOfAsync(Schedule schedule, CancellationToken cancellationToken) => new()
    {
        Input = await _store.OpenInputAsync(schedule, cancellationToken),
        ConversationId = schedule.Definition.ConversationId,
        OnConflict = OnConflict.Enqueue,
        Metadata = new Dictionary<string, string> { ["schedule"] = schedule.Id },
    };

    [LoggerMessage(7201, LogLevel.Information, "Schedule {ScheduleId} of {Owner} started run {RunId}")]
    private partial void LogStarted(string owner, string scheduleId, string runId);

    [LoggerMessage(7202, LogLevel.Warning, "Schedule {ScheduleId} of {Owner} could not start its run ({Code})")]
    private partial void LogRefused(string owner, string scheduleId, string code);

    [LoggerMessage(7203, LogLevel.Warning, "Schedule {ScheduleId} of {Owner} was disabled after {Failures} failures in a row ({Code})")]
    private partial void LogDisabled(string owner, string scheduleId, int failures, string? code);

    [LoggerMessage(7204, LogLevel.Error, "Schedule {ScheduleId} of {Owner} failed, which is tried again in a minute: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string owner, string scheduleId, string errorId, string? exceptionType);

    [LoggerMessage(7206, LogLevel.Information, "Schedule {ScheduleId} of {Owner} was removed: no file of an agent has it any more")]
    private partial void LogRemoved(string owner, string scheduleId);

    [LoggerMessage(7207, LogLevel.Error, "The timers of agents could not be written, which is tried again in a minute: {ErrorId} ({ExceptionType})")]
    private partial void LogNotPut(string errorId, string? exceptionType);

    [LoggerMessage(7205, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
