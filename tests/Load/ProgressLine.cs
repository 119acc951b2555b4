using System.Globalization;
using Yggdrasil.Load.Measuring;
using Yggdrasil.Load.Models;

namespace Yggdrasil.Load;

/// <summary>Tells how the load goes: one line, renewed each second, in a terminal; a new line each ten seconds in a file.</summary>
internal sealed class ProgressLine(TextWriter output, bool interactive, LoadPlan plan, Recorder recorder, LoadClock clock)
{
    private const int BarWidth = 20;

    private readonly TimeSpan _pause = TimeSpan.FromSeconds(interactive ? 1 : 10);

    public async Task ShowAsync(CancellationToken ended)
    {
        var before = recorder.Progress();
        var at = clock.Elapsed;
        try
        {
            while (true)
            {
                await Task.Delay(_pause, ended);
                var now = recorder.Progress();
                var elapsed = clock.Elapsed;
                await WriteAsync(Text(elapsed, (now.Ended - before.Ended) / (elapsed - at).TotalSeconds, now));
                (before, at) = (now, elapsed);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            await WriteAsync(Text(clock.Elapsed, null, recorder.Progress()));
            await output.WriteLineAsync();
        }
    }

    /// <param name="perSecond">Runs that ended per second since the last line; null at the end.</param>
    internal string Text(TimeSpan elapsed, double? perSecond, Progress progress)
    {
        var length = plan.Length();
        var done = Math.Clamp(elapsed / length, 0, 1);
        var filled = (int)Math.Round(done * BarWidth);
        var phase = elapsed < plan.WarmUp ? "warm-up" : elapsed < length ? "measure" : perSecond is null ? "done" : "drain";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {elapsed.TotalSeconds,4:0}/{length.TotalSeconds:0} s  {phase,-7}"
            + $"  {perSecond ?? progress.Ended / elapsed.TotalSeconds,7:0.0}/s  in flight {progress.InFlight,4}  p95 {progress.P95,7:0} ms  failed {progress.Failed}");
    }

    private Task WriteAsync(string text) => interactive
        // Over the line before; what that had more is erased.
        ? output.WriteAsync($"\r{text}\u001b[K")
        : output.WriteLineAsync(text);
}
