namespace Yggdrasil.Load.Tests;

/// <summary>Waits for what happens on other threads; the bound only keeps a broken test from hanging.</summary>
internal static class Poll
{
    public static async Task UntilAsync(Func<bool> isSo)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!isSo())
        {
            await Task.Delay(5, bound.Token);
        }
    }
}
