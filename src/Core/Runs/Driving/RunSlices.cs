using Yggdrasil.Identity;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Models.Clients;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Users;

namespace Yggdrasil.Runs.Driving;

/// <summary>Runs as activities of the host drive them: each takes a place of its owner's share, or gives its activity back at once.</summary>
/// <remarks>
/// <code>
///   user disabled? ──yes──► held back: Parked, called once the user is enabled
///        │no
///   a place? ──no──► cancelled or past its deadline? ──yes──► driven to its end: that is short
///        │yes               │no
///        ▼                  └──► Parked, called when there is a place
///     a slice
/// </code>
/// </remarks>
public sealed class RunSlices
{
    private readonly RunDriver _driver;
    private readonly RunStore _store;
    private readonly ActivityTurns _turns;
    private readonly DisabledUsers _disabled;
    private readonly IRunScheduler _scheduler;
    private readonly TimeProvider _time;

    internal RunSlices(RunDriver driver, RunStore store, ActivityTurns turns, DisabledUsers disabled, IRunScheduler scheduler, TimeProvider time) =>
        (_driver, _store, _turns, _disabled, _scheduler, _time) = (driver, store, turns, disabled, scheduler, time);

    /// <summary>Drives the run for one slice, if it is there to be driven and its owner has a place for it.</summary>
    /// <param name="driver">The orchestration instance that asks.</param>
    /// <param name="stopping">The host shuts down.</param>
    public async Task<SliceOutcome> AdvanceAsync(RunTicket ticket, string driver, CancellationToken stopping)
    {
        var call = WakeLater(driver);
        if (await IsDisabledAsync(ticket, stopping))
        {
            return await RestAsync(ticket, driver, _turns.HoldBack(ticket.Partition, driver, call), stopping);
        }

        var admission = await _turns.EnterAsync(ticket.Partition, driver, call, stopping);
        if (admission.Turn is not { } turn)
        {
            return await RestAsync(ticket, driver, admission.Recheck, stopping);
        }

        await using (turn)
        {
            return await ModelCaller.AsAsync(
                new ModelCaller(ticket.Partition) { IsActivity = true, Key = driver, Call = call },
                () => _driver.AdvanceAsync(ticket, driver, stopping));
        }
    }

    /// <summary>Makes one distributed tool call, if its owner has a place for it.</summary>
    /// <param name="driver">The orchestration instance that asks.</param>
    /// <returns>Whether it had one; and the run that the call is, where it is one.</returns>
    public async Task<(bool HadPlace, DelegatedCall? Delegated)> RunToolAsync(
        RunTicket ticket, string callId, string? driver, CancellationToken stopping)
    {
        if (await IsDisabledAsync(ticket, stopping))
        {
            // The slice that looks next holds its run back.
            return (true, null);
        }

        // An orchestration of an older version does not say who it is, and looks by itself.
        var call = driver is null ? null : WakeLater(driver);
        var admission = await _turns.EnterAsync(ticket.Partition, driver is null ? null : $"{driver}/{callId}", call, stopping);
        if (admission.Turn is not { } turn)
        {
            return (false, null);
        }

        await using (turn)
        {
            return (true, await _driver.RunToolAsync(ticket, callId, stopping));
        }
    }

    /// <summary>Whoever makes room for this orchestration calls it, in an invocation of its own.</summary>
    private Func<CancellationToken, Task> WakeLater(string driver)
    {
        var scheduler = _scheduler.Capture();
        return token => scheduler.WakeAsync(driver, token);
    }

    private async Task<bool> IsDisabledAsync(RunTicket ticket, CancellationToken cancellationToken) =>
        await _disabled.ContainsAsync(Owner.OfPartition(ticket.Partition), cancellationToken);

    /// <summary>The outcome for a run that may not go on now. What is to end does so all the same.</summary>
    private async Task<SliceOutcome> RestAsync(RunTicket ticket, string driver, TimeSpan recheck, CancellationToken stopping)
    {
        var run = await _store.FindHeadAsync(ticket.Partition, ticket.RunId, stopping);
        var now = _time.GetUtcNow();
        if (run is null or { IsTerminal: true } or { CancelRequested: true } || run.Driver != driver || now >= run.Deadline)
        {
            await _turns.ForgetAsync(ticket.Partition, driver);
            return run is null ? SliceOutcome.Missing : await _driver.AdvanceAsync(ticket, driver, stopping);
        }

        return SliceOutcome.Crowded(now + recheck < run.Deadline ? now + recheck : run.Deadline);
    }
}
