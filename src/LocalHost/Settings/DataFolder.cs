using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Settings;

/// <summary>LocalHost's folder: the orchestrations' database and Azurite's data. Open in one process at a time.</summary>
internal sealed class DataFolder : IDisposable
{
    public const string DefaultName = ".localhost";

    private readonly FileStream _lock;

    private DataFolder(string path, FileStream heldLock)
    {
        FullPath = path;
        _lock = heldLock;
    }

    public string FullPath { get; }

    public string OrchestrationsPath => Path.Combine(FullPath, "orchestrations.db");

    /// <summary>A file that is written and removed to find out whether there is room.</summary>
    public string ProbePath => Path.Combine(FullPath, "room.tmp");

    public string AzuritePath => Path.Combine(FullPath, "azurite");

    /// <summary>Opens the folder, creating it where missing; held until disposed of, or until the process is gone.</summary>
    /// <exception cref="LocalHostException">Another process has it open, or it cannot be written.</exception>
    public static DataFolder Open(string path)
    {
        var fullPath = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(fullPath);
            var lockPath = Path.Combine(fullPath, "localhost.lock");
            return new DataFolder(
                fullPath, new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LocalHostException(
                $"{fullPath} cannot be opened: {failure.Message} If another LocalHost runs on it, end that one or set " +
                "LocalHost__DataPath.", failure);
        }
    }

    public void Dispose() => _lock.Dispose();
}
