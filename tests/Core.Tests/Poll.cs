namespace Yggdrasil.Tests;

/// <summary>Waits for what another thread brings about. The bound only keeps a broken test from hanging.</summary>
internal static class Poll
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    public static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(Bound);
        while (!await condition())
        {
            await Task.Delay(1, timeout.Token);
        }
    }
}
