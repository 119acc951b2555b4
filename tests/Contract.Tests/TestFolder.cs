namespace Yggdrasil.Contract.Tests;

internal static class TestFolder
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    /// <summary>Deletes a host's folder. Its Azurite ends a moment after the host that was killed, and writes until then.</summary>
    public static async Task DeleteAsync(string path)
    {
        using var timeout = new CancellationTokenSource(Bound);
        while (true)
        {
            try
            {
                Directory.Delete(path, recursive: true);
                return;
            }
            catch (IOException) when (!timeout.IsCancellationRequested)
            {
                await Task.Delay(100, CancellationToken.None);
            }
        }
    }
}
