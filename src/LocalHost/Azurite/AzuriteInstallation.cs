using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Azurite;

/// <summary>The pinned npm package under <c>tools/azurite</c>, installed at first use.</summary>
internal sealed partial class AzuriteInstallation(string toolsPath, ILogger logger)
{
    private const int OldestNode = 20;
    private const string Remedy =
        "Install Node.js 20 or later with npm, or set AzureWebJobsStorage to the connection string of another storage.";

    private static readonly TimeSpan LockInterval = TimeSpan.FromMilliseconds(250);

    private string Stamp => Path.Combine(toolsPath, "node_modules", ".installed");

    /// <exception cref="LocalHostException">Node or npm is missing or too old, or npm fails.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(toolsPath, "package-lock.json")))
        {
            throw new LocalHostException(
                $"There is no package-lock.json in {toolsPath}, where Azurite is to be installed. Unset LocalHost__AzuritePath, or set AzureWebJobsStorage.");
        }

        await RequireNodeAsync(cancellationToken);
        if (IsInstalled())
        {
            return;
        }

        // Test projects start side by side: npm in the same folder twice would leave a broken one.
        await using var installLock = await LockAsync(cancellationToken);
        if (!IsInstalled())
        {
            await InstallAsync(cancellationToken);
        }
    }

    private bool IsInstalled() => File.Exists(Stamp) && File.ReadAllText(Stamp) == LockFileHash();

    private string LockFileHash() =>
        Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(toolsPath, "package-lock.json"))));

    private static async Task RequireNodeAsync(CancellationToken cancellationToken)
    {
        var (_, version) = await RunAsync("node", ["--version"], cancellationToken);
        var major = version.TrimStart('v').Split('.')[0];
        if (!int.TryParse(major, CultureInfo.InvariantCulture, out var number) || number < OldestNode)
        {
            throw new LocalHostException($"Azurite needs Node.js {OldestNode}; this is {version.Trim()}. {Remedy}");
        }
    }

    private async Task InstallAsync(CancellationToken cancellationToken)
    {
        LogInstalling(toolsPath);
        string[] arguments = ["ci", "--prefix", toolsPath, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        var npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
        var (exitCode, output) = await RunAsync(npm, arguments, cancellationToken);
        if (exitCode != 0)
        {
            throw new LocalHostException($"npm ci in {toolsPath} failed with exit code {exitCode}: {output.Trim()}");
        }

        await File.WriteAllTextAsync(Stamp, LockFileHash(), cancellationToken);
        LogInstalled();
    }

    private async Task<FileStream> LockAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return new FileStream(
                    Path.Combine(toolsPath, ".install.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(LockInterval, cancellationToken);
            }
        }
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(
        string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception missing)
        {
            throw new LocalHostException($"{program} cannot be run. {Remedy}", missing);
        }

        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            return (process.ExitCode, await output + await errors);
        }
        catch (OperationCanceledException)
        {
            // Left running, npm would write into a folder whose lock is about to be released.
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    [LoggerMessage(410, LogLevel.Information, "Installing Azurite with npm in {Path}; this happens once and takes a minute.")]
    private partial void LogInstalling(string path);

    [LoggerMessage(411, LogLevel.Information, "Azurite is installed.")]
    private partial void LogInstalled();
}
