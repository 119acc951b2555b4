using System.Diagnostics;
using System.Text.Json;

namespace Yggdrasil.LocalHost.Azurite;

/// <summary>Remembers, beside the data, which process has it open, so that the next start does not open it twice.</summary>
internal sealed class AzuriteProcessFile(string dataPath)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    public string DataPath => dataPath;

    private string FilePath => Path.Combine(dataPath, "process.json");

    public void Write(Process process) =>
        File.WriteAllText(FilePath, JsonSerializer.Serialize(new Entry(process.Id, StartOf(process))));

    public void Remove() => File.Delete(FilePath);

    /// <summary>
    /// Waits for an Azurite whose starter was killed; ends it when it does not go by itself. It is given time: until it has
    /// saved, its data is in memory only, and a busy machine can take a while.
    /// </summary>
    public async Task EndPreviousAsync(CancellationToken cancellationToken)
    {
        if (Read() is not { } entry || Find(entry) is not { } previous)
        {
            return;
        }

        using (previous)
        {
            for (var waited = TimeSpan.Zero; IsAlive(previous); waited += Interval)
            {
                if (waited >= Patience)
                {
                    previous.Kill();
                    break;
                }

                await Task.Delay(Interval, cancellationToken);
            }
        }
    }

    private Entry? Read()
    {
        try
        {
            return JsonSerializer.Deserialize<Entry>(File.ReadAllText(FilePath));
        }
        catch (Exception absent) when (absent is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>The process, if it is still that one: ids are used again.</summary>
    private static Process? Find(Entry entry)
    {
        try
        {
            var process = Process.GetProcessById(entry.ProcessId);
            if (IsAlive(process) && Math.Abs(StartOf(process) - entry.StartedAt) <= 2)
            {
                return process;
            }

            process.Dispose();
            return null;
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    private static bool IsAlive(Process process)
    {
        if (!OperatingSystem.IsLinux())
        {
            return !process.HasExited;
        }

        // A dead process that its new parent never asks about (a container without an init) still has an id, but no
        // command line.
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/cmdline").Length > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Seconds since 1970: Linux tells a start only through the clock, not always to the same millisecond.</summary>
    private static long StartOf(Process process) => new DateTimeOffset(process.StartTime).ToUnixTimeSeconds();

    private sealed record Entry(int ProcessId, long StartedAt);
}
