using Yggdrasil.Load.Measuring;

namespace Yggdrasil.Load.Models;

/// <summary>
/// A fixed number of users, each of whom waits for an answer before asking again. Load falls when the host becomes slow, so
/// this finds how much a host can do, not how it behaves under a given demand.
/// </summary>
/// <param name="users">How many.</param>
/// <param name="think">How long each pauses after an answer.</param>
/// <param name="rampUp">The time over which the users join, so that they do not all knock in the same millisecond.</param>
internal sealed class ClosedModel(int users, TimeSpan think, TimeSpan rampUp) : ILoadModel
{
    public Task DriveAsync(Func<int, Task<RunOutcome>> play, Recorder recorder, LoadClock clock, TimeSpan length, CancellationToken stop) =>
        Task.WhenAll(Enumerable.Range(0, users).Select(user => BeUserAsync(user, play, recorder, clock, length, stop)));

    private async Task BeUserAsync(
        int user, Func<int, Task<RunOutcome>> play, Recorder recorder, LoadClock clock, TimeSpan length, CancellationToken stop)
    {
        try
        {
            await clock.UntilAsync(rampUp * user / users, stop);
            while (clock.Elapsed < length && !stop.IsCancellationRequested)
            {
                var started = clock.Elapsed;
                recorder.Begin();
                var outcome = await play(user);
                var ended = clock.Elapsed;
                recorder.End(new Sample(started, started, ended, outcome));
                await clock.UntilAsync(ended + think, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped while nothing was under way.
        }
    }
}
