using System.Runtime.CompilerServices;

namespace Yggdrasil.Fixtures;

/// <summary>
/// Waits for what another thread or process brings about and tells nobody of. The bound only keeps a broken test from hanging:
/// it is far above what a machine under load takes.
/// </summary>
public static class Poll
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    /// <exception cref="TimeoutException">It did not come about.</exception>
    public static Task UntilAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        UntilAsync(() => Task.FromResult(condition()), isSo => isSo, what);

    /// <exception cref="TimeoutException">It did not come about.</exception>
    public static Task UntilAsync(Func<Task<bool>> condition, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        UntilAsync(condition, isSo => isSo, what);

    /// <summary>Reads until what was read is as wanted, and answers that.</summary>
    /// <exception cref="TimeoutException">It never was; the message says what was read last.</exception>
    public static async Task<T> UntilAsync<T>(
        Func<Task<T>> read, Func<T, bool> isWanted, [CallerArgumentExpression(nameof(isWanted))] string what = "")
    {
        using var timeout = new CancellationTokenSource(Bound);
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var found = await read();
            if (isWanted(found))
            {
                return found;
            }

            if (timeout.IsCancellationRequested)
            {
                throw new TimeoutException($"Not within {Bound}: {what}. At last there was: {found}");
            }

            await Task.Delay(pause);
        }
    }
}
