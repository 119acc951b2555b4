using Yggdrasil.LocalHost.Engine;
using Yggdrasil.LocalHost.Settings;
using Yggdrasil.Operations.Health;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>Whether LocalHost's folder can be written, where orchestrations and Azurite's data lie, and the engine runs.</summary>
internal sealed class DiskReadiness(DataFolder folder, OrchestrationEngine engine) : IReadinessCheck
{
    /// <summary>What has to fit: some steps of some runs.</summary>
    private const int Room = 256 * 1024;

    private readonly Lock _lock = new();

    public string? FindProblem()
    {
        if (engine.Problem is { } problem)
        {
            return problem;
        }

        try
        {
            lock (_lock)
            {
                using var probe = new FileStream(
                    folder.ProbePath, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
                probe.Write(new byte[Room]);
                probe.Flush(flushToDisk: true);
            }

            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "its data folder cannot be written: the disk is full, or does not write";
        }
    }
}
