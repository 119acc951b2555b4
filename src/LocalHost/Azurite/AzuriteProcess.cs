using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Azurite;

/// <summary>An Azurite of our own: on free ports, with its data in a folder of its own, ended with this process.</summary>
/// <remarks>
/// It runs under <c>tools/azurite/run.mjs</c>, which ends it when standard input closes: so it saves its data and goes
/// even when this process is killed. Two must not share a data folder; the caller sees to that.
/// </remarks>
public sealed partial class AzuriteProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(15);

    private readonly Process _process;
    private readonly AzuriteOutput _output = new();
    private readonly AzuriteProcessFile _file;
    private readonly ILogger _logger;
    private volatile bool _stopping;

    private AzuriteProcess(Process process, AzuriteProcessFile file, ILogger logger)
    {
        _process = process;
        _file = file;
        _logger = logger;
    }

    /// <summary>Endpoints and the well-known development key. Valid once started.</summary>
    public string ConnectionString { get; private set; } = "";

    public int ProcessId => _process.Id;

    /// <summary>Installs Azurite where needed, starts it, and answers when it listens.</summary>
    /// <param name="dataPath">The folder of its data; created where missing.</param>
    /// <param name="toolsPath">The folder <c>tools/azurite</c> of the checkout.</param>
    /// <param name="logger">Told of the installation, the ports, and an unexpected end.</param>
    /// <param name="cancellationToken">Gives up and ends what was started.</param>
    /// <exception cref="LocalHostException">Node or npm is missing, or Azurite does not start.</exception>
    public static async Task<AzuriteProcess> StartAsync(
        string dataPath, string toolsPath, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        logger ??= NullLogger.Instance;
        await new AzuriteInstallation(toolsPath, logger).EnsureAsync(cancellationToken);
        Directory.CreateDirectory(dataPath);
        var file = new AzuriteProcessFile(Path.GetFullPath(dataPath));
        await file.EndPreviousAsync(cancellationToken);
        return await LaunchAsync(file, toolsPath, logger, cancellationToken);
    }

    /// <summary>Has Azurite save its data and end.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            using var timeout = new CancellationTokenSource(StopTimeout);
            try
            {
                await _process.WaitForExitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
                LogKilled(_process.Id);
            }
        }

        _file.Remove();
        _process.Dispose();
    }

    private static async Task<AzuriteProcess> LaunchAsync(
        AzuriteProcessFile file, string toolsPath, ILogger logger, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("node", [Path.Combine(toolsPath, "run.mjs"), file.DataPath])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = toolsPath,
        };
        var azurite = new AzuriteProcess(new Process { StartInfo = start, EnableRaisingEvents = true }, file, logger);
        try
        {
            await azurite.ListenAsync(cancellationToken);
            return azurite;
        }
        catch
        {
            await azurite.DisposeAsync();
            throw;
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        _process.OutputDataReceived += (_, line) => _output.Read(line.Data);
        _process.ErrorDataReceived += (_, line) => _output.ReadError(line.Data);
        _process.Exited += (_, _) => OnExited();
        _process.Start();
        _file.Write(_process);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        try
        {
            var ports = await _output.Ports.WaitAsync(StartTimeout, cancellationToken);
            ConnectionString = ports.ConnectionString;
            LogStarted(ports.Blob, ports.Queue, ports.Table, _process.Id);
        }
        catch (TimeoutException late)
        {
            throw new LocalHostException($"Azurite did not start within {StartTimeout.TotalSeconds} s. {_output.Errors}", late);
        }
    }

    private void OnExited()
    {
        _output.Ended();
        if (!_stopping)
        {
            LogEnded(_output.Errors);
        }
    }

    [LoggerMessage(400, LogLevel.Information,
        "Azurite listens on 127.0.0.1, ports {Blob} (blobs), {Queue} (queues), {Table} (tables); process {ProcessId}.")]
    private partial void LogStarted(int blob, int queue, int table, int processId);

    [LoggerMessage(401, LogLevel.Error, "Azurite ended: storage is gone until the next start. {Errors}")]
    private partial void LogEnded(string errors);

    [LoggerMessage(402, LogLevel.Warning, "Azurite, process {ProcessId}, did not end in time and was killed.")]
    private partial void LogKilled(int processId);
}
