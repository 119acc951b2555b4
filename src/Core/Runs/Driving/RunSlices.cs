using Yggdrasil.Identity;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Models.Clients;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Users;

namespace Yggdrasil.Runs.Driving;

/// <summary>Runs as activities of the host drive them: each takes a slot of its owner's share, or gives its activity back at once.</summary>
/// <remarks>
/// <code>
///   user disabled? ──yes──► held back: Parked, called once the user is enabled
///        │no
///   a slot? ──no──► cancelled or past its deadline? ──yes──► driven to its end: that is short
///        │yes               │no
///        ▼                  └──► Parked, called when there is a slot
///     a slice
/// </code>
/// </remarks>
public sealed class RunSlices
{
    private readonly RunDriver _driver;
    private readonly RunStore _store;
    private readonly ActivitySlots _slots;
    private readonly DisabledUsers _disabled;
    private readonly IRunScheduler _scheduler;
    private readonly TimeProvider _time;

    internal RunSlices(RunDriver driver, RunStore store, ActivitySlots slots, DisabledUsers disabled, IRunScheduler scheduler, TimeProvider time) =>
        (_driver, _store, _slots, _disabled, _scheduler, _time) = (driver, store, slots, disabled, scheduler, time);

    /// <summary>Drives the run for one slice, if it is there to be driven and its owner has a slot for it.</summary>
    /// <param name="driver">The orchestration instance that asks.</param>
    /// <param name="stopping">The host shuts down.</param>
    public async Task<SliceOutcome> AdvanceAsync(RunReference reference, string driver, CancellationToken stopping)
    {
        var call = WakeLater(driver);
        if (await IsDisabledAsync(reference, stopping))
        {
            return await ParkAsync(reference, driver, _slots.HoldBack(reference.Partition, driver, call), stopping);
        }

        var admission = await _slots.EnterAsync(reference.Partition, driver, call, stopping);
        if (admission.Slot is not { } slot)
        {
            return await ParkAsync(reference, driver, admission.Recheck, stopping);
        }

        await using (slot)
        {
            return await ModelCaller.AsAsync(
                new ModelCaller(reference.Partition) { IsActivity = true, Key = driver, Call = call },
                () => _driver.AdvanceAsync(reference, driver, stopping));
        }
    }

    /// <summary>Makes one distributed tool call, if its owner has a slot for it.</summary>
    /// <param name="driver">The orchestration instance that asks.</param>
    /// <returns>Whether it had one; and the run that the call is, where it is one.</returns>
    public async Task<(bool HadSlot, DelegatedCall? Delegated)> RunToolAsync(
        RunReference reference, string callId, string? driver, CancellationToken stopping)
    {
        if (await IsDisabledAsync(reference, stopping))
        {
            // The slice that looks next holds its run back.
            return (true, null);
        }

        // An orchestration of an older version does not say who it is, and looks by itself.
        var call = driver is null ? null : WakeLater(driver);
        var admission = await _slots.EnterAsync(reference.Partition, driver is null ? null : $"{driver}/{callId}", call, stopping);
        if (admission.Slot is not { } slot)
        {
            return (false, null);
        }

        await using (slot)
        {
            return (true, await _driver.RunToolAsync(reference, callId, stopping));
        }
    }

    /// <summary>Whoever makes room for this orchestration calls it, in an invocation of its own.</summary>
    private Func<CancellationToken, Task> WakeLater(string driver)
    {
        var scheduler = _scheduler.Capture();
        return token => scheduler.WakeAsync(driver, token);
    }

    private async Task<bool> IsDisabledAsync(RunReference reference, CancellationToken cancellationToken) =>
        await _disabled.ContainsAsync(Owner.OfPartition(reference.Partition), cancellationToken);

    /// <summary>The outcome for a run that may not go on now. What is to end does so all the same.</summary>
    private async Task<SliceOutcome> ParkAsync(RunReference reference, string driver, TimeSpan recheck, CancellationToken stopping)
    {
        var run = await _store.FindHeadAsync(reference.Partition, reference.RunId, stopping);
        var now = _time.GetUtcNow();
        if (run is null or { IsTerminal: true } or { CancelRequested: true } || run.Driver != driver || now >= run.Deadline)
        {
            await _slots.ForgetAsync(reference.Partition, driver);
            return run is null ? SliceOutcome.Missing : await _driver.AdvanceAsync(reference, driver, stopping);
        }

        return SliceOutcome.Crowded(now + recheck < run.Deadline ? now + recheck : run.Deadline);
    }
}
