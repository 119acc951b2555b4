using Yggdrasil.Load.Measuring;

namespace Yggdrasil.Load.Models;

/// <summary>
/// Runs arrive when they are due, however slow the host is. The time of a run counts from when it was due, not from when it
/// could be sent: while the host stalls, everybody who would have come meanwhile waits too, and leaving them out (coordinated
/// omission) would show a stall of ten seconds as one slow answer.
/// </summary>
/// <param name="arrivals">When runs are due, ascending.</param>
/// <param name="mostInFlight">Bounds the connections; arrivals beyond it wait for room, and their waiting counts.</param>
/// <param name="drain">After the end, how long arrivals that were due before may still be sent. The others are errors: not sent.</param>
internal sealed class OpenModel(IEnumerable<TimeSpan> arrivals, int mostInFlight, TimeSpan drain, TimeProvider time) : ILoadModel
{
    public async Task DriveAsync(Func<int, Task<RunOutcome>> play, Recorder recorder, LoadClock clock, TimeSpan length, CancellationToken stop)
    {
        using var room = new SemaphoreSlim(mostInFlight);
        using var over = new CancellationTokenSource(length + drain, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop, over.Token);
        var underWay = new List<Task>();
        var number = 0;
        foreach (var due in arrivals.TakeWhile(due => due < length))
        {
            if (!await IsSentAsync(due, room, clock, ending.Token))
            {
                if (stop.IsCancellationRequested)
                {
                    break;
                }

                recorder.Missed(due, clock.Elapsed);
                continue;
            }

            underWay.Add(PlayAsync(number++, due, play, recorder, clock, room));
            underWay.RemoveAll(task => task.IsCompletedSuccessfully);
        }

        await Task.WhenAll(underWay);
    }

    private static async Task<bool> IsSentAsync(TimeSpan due, SemaphoreSlim room, LoadClock clock, CancellationToken ending)
    {
        try
        {
            await clock.UntilAsync(due, ending);
            await room.WaitAsync(ending);
            return true;
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task PlayAsync(
        int number, TimeSpan due, Func<int, Task<RunOutcome>> play, Recorder recorder, LoadClock clock, SemaphoreSlim room)
    {
        var sent = clock.Elapsed;
        recorder.Begin();
        try
        {
            var outcome = await play(number);
            recorder.End(new Sample(due, sent, clock.Elapsed, outcome));
        }
        finally
        {
            room.Release();
        }
    }
}
