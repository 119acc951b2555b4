using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Yggdrasil.LocalHost.Settings;
using Yggdrasil.Storage;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>Says when another LocalHost uses the same storage, which looks like runs that stand still and prompts that vanish.</summary>
/// <remarks>
/// A data folder is locked by <see cref="DataFolder"/>, so a second host on it does not start. Storage is only warned about: orchestrations
/// live in the data folder, so a run that one host started waits for that one, while the queue gives its messages to both. Each host
/// writes a blob of its own, at least every <see cref="Interval"/>, and looks for others that did so lately by storage's clock.
/// </remarks>
internal sealed partial class StorageNeighbours(
    IConfiguration configuration, DataFolder data, TimeProvider time, ILogger<StorageNeighbours> logger) : BackgroundService
{
    internal const string ContainerName = "localhost";

    private const string Host = "host";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Lately = TimeSpan.FromSeconds(60);

    private readonly HashSet<string> _known = [];

    // A host that was killed has the same name when it starts again, and does not meet itself.
    private readonly string _name = Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{Environment.MachineName}\n{data.FullPath}")).AsSpan(0, 8));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (Connect() is not { } container)
        {
            return;
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await LookAsync(container, stoppingToken);
            }
            catch (RequestFailedException failure)
            {
                LogNotLooked(failure.Status);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }

            await Task.Delay(Interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await LeaveAsync(container);
    }

    private async Task LookAsync(BlobContainerClient container, CancellationToken cancellationToken)
    {
        await container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        var own = await container.GetBlobClient(_name).UploadAsync(
            BinaryData.FromString(""),
            new BlobUploadOptions { Metadata = new Dictionary<string, string> { [Host] = Uri.EscapeDataString($"{Environment.MachineName}: {data.FullPath}") } },
            cancellationToken);
        await foreach (var other in container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, prefix: null, cancellationToken))
        {
            if (other.Name != _name && own.Value.LastModified - other.Properties.LastModified < Lately && _known.Add(other.Name))
            {
                LogNeighbour(other.Metadata.TryGetValue(Host, out var host) ? Uri.UnescapeDataString(host) : other.Name);
            }
        }
    }

    private async Task LeaveAsync(BlobContainerClient container)
    {
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await container.DeleteBlobIfExistsAsync(_name, cancellationToken: patience.Token);
        }
        catch (Exception gone) when (gone is RequestFailedException or OperationCanceledException or AggregateException)
        {
            LogNotLooked((gone as RequestFailedException)?.Status ?? 0);
        }
    }

    private BlobContainerClient? Connect()
    {
        try
        {
            var connection = configuration[StorageClients.Setting] ?? "";
            return new BlobServiceClient(connection, new BlobClientOptions().PastProxies(connection)).GetBlobContainerClient(ContainerName);
        }
        catch (Exception unfit) when (unfit is FormatException or ArgumentException or InvalidOperationException)
        {
            // By identity, or none: the app says so itself.
            return null;
        }
    }

    [LoggerMessage(420, LogLevel.Warning,
        "Another LocalHost uses the same storage ({Host}): each carries out only the runs it started, and they take the queue's prompts from each other. End one, or give them storage of their own.")]
    private partial void LogNeighbour(string host);

    [LoggerMessage(421, LogLevel.Debug, "Whether another LocalHost uses the same storage cannot be told now (status {Status}).")]
    private partial void LogNotLooked(int status);
}
