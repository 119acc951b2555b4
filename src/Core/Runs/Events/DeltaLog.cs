using System.Globalization;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.Logging;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs.Events;

/// <summary>
/// The live events of runs that stream, for readers on other instances: an append blob per run, a line per event, each
/// protected under its run, epoch and sequence. It goes when the run ends.
/// </summary>
/// <remarks>
/// A line is <c>epoch sequence base64(envelope)</c>. An attempt to append whose answer was lost may have landed, so lines may
/// come twice; and a driver that lost its lease may write behind the next one. Readers go by epoch and sequence.
/// </remarks>
internal sealed partial class DeltaLog(StorageClients storage, ContentProtector protector, ILogger<DeltaLog> logger)
{
    /// <summary>Part of what the encryption of lines is bound to.</summary>
    private const string Deltas = "Deltas";
    private const byte LineEnd = (byte)'\n';

    /// <returns>False when the blob takes no more: it has 50,000 blocks, well over an hour of streaming.</returns>
    public async Task<bool> AppendAsync(string partition, string runId, IReadOnlyList<LiveEvent> events, CancellationToken cancellationToken)
    {
        using var lines = new MemoryStream();
        foreach (var live in events)
        {
            lines.Write(Line(partition, runId, live));
        }

        var blob = await BlobAsync(storage, partition, runId, cancellationToken);
        while (true)
        {
            lines.Position = 0;
            try
            {
                await blob.AppendBlockAsync(lines, cancellationToken: cancellationToken);
                return true;
            }
            catch (RequestFailedException failure) when (failure.Status == NotFound)
            {
                await blob.CreateIfNotExistsAsync(new AppendBlobCreateOptions { Metadata = Metadata(runId) }, cancellationToken);
            }
            catch (RequestFailedException failure) when (failure.ErrorCode == "BlockCountExceedsLimit")
            {
                LogFull(runId);
                return false;
            }
        }
    }

    /// <summary>What was appended since <paramref name="offset"/>.</summary>
    /// <param name="epoch">Lines of older epochs are passed over.</param>
    /// <returns>The events, and the offset to go on from.</returns>
    public async Task<(IReadOnlyList<LiveEvent> Events, long Offset)> ReadAsync(
        string partition, string runId, long offset, int epoch, CancellationToken cancellationToken)
    {
        var blob = await BlobAsync(storage, partition, runId, cancellationToken);
        ReadOnlyMemory<byte> added;
        try
        {
            // Asking for nothing is an error of its own, which the client would throw at every look.
            var properties = await blob.GetPropertiesAsync(cancellationToken: cancellationToken);
            var length = properties.Value.ContentLength;
            if (length == offset)
            {
                return ([], offset);
            }

            // A shorter one is another, begun after the first was swept away under a run of days.
            offset = length < offset ? 0 : offset;
            var range = new BlobDownloadOptions { Range = new HttpRange(offset, length - offset) };
            added = (await blob.DownloadContentAsync(range, cancellationToken)).Value.Content.ToMemory();
        }
        catch (RequestFailedException failure) when (failure.Status == NotFound)
        {
            return ([], 0);
        }

        List<LiveEvent> events = [];
        var read = 0;
        while (added.Span[read..].IndexOf(LineEnd) is >= 0 and var length)
        {
            if (await ParseAsync(partition, runId, added.Slice(read, length), epoch, cancellationToken) is { } live)
            {
                events.Add(live);
            }

            read += length + 1;
        }

        return (events, offset + read);
    }

    public static async Task DeleteAsync(StorageClients storage, string partition, string runId, CancellationToken cancellationToken)
    {
        var blob = await BlobAsync(storage, partition, runId, cancellationToken);
        await blob.DeleteIfExistsAsync(cancellationToken: cancellationToken);
    }

    public Task DeleteAsync(string partition, string runId, CancellationToken cancellationToken) =>
        DeleteAsync(storage, partition, runId, cancellationToken);

    private static async ValueTask<AppendBlobClient> BlobAsync(
        StorageClients storage, string partition, string runId, CancellationToken cancellationToken)
    {
        var container = await storage.GetContentContainerAsync(cancellationToken);
        return container.GetAppendBlobClient($"{partition}/deltas/{runId}");
    }

    /// <summary>As content blobs have it, for a property that no row has: one that outlives its run's end is swept as an orphan.</summary>
    private static Dictionary<string, string> Metadata(string runId) => new()
    {
        ["table"] = StorageClients.WorkTable,
        ["row"] = Uri.EscapeDataString(RowKeys.Run(runId)),
        ["property"] = Deltas,
    };

    private static ContentAddress Address(string partition, string runId, int epoch, long sequence) =>
        new(Deltas, partition, RowKeys.Run(runId), string.Create(CultureInfo.InvariantCulture, $"{epoch}!{sequence}"));

    private byte[] Line(string partition, string runId, LiveEvent live)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(live, StoredJson.Options);
        var envelope = protector.Protect(content, Address(partition, runId, live.Epoch, live.Sequence));
        return Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{live.Epoch} {live.Sequence} {Convert.ToBase64String(envelope)}\n"));
    }

    /// <returns>Null for a line of an older epoch, and for one that is not ours: an event lost is made up for by the committed step.</returns>
    private async ValueTask<LiveEvent?> ParseAsync(
        string partition, string runId, ReadOnlyMemory<byte> line, int epoch, CancellationToken cancellationToken)
    {
        try
        {
            if (Encoding.ASCII.GetString(line.Span).Split(' ') is not [var first, var second, var envelope])
            {
                throw new FormatException("A line has three parts.");
            }

            var (own, sequence) = (int.Parse(first, CultureInfo.InvariantCulture), long.Parse(second, CultureInfo.InvariantCulture));
            if (own < epoch)
            {
                return null;
            }

            var address = Address(partition, runId, own, sequence);
            var content = await protector.UnprotectAsync(Convert.FromBase64String(envelope), address, cancellationToken);
            return JsonSerializer.Deserialize<LiveEvent>(content, StoredJson.Options);
        }
        catch (Exception failure) when (failure is ContentProtectionException or FormatException or OverflowException or JsonException)
        {
            LogUnreadable(runId, failure.GetType().Name);
            return null;
        }
    }

    [LoggerMessage(1031, LogLevel.Warning, "Run {RunId}: its log of deltas is full; readers on other instances get committed steps only")]
    private partial void LogFull(string runId);

    [LoggerMessage(1032, LogLevel.Critical, "Run {RunId}: a line of its log of deltas cannot be read ({ExceptionType})")]
    private partial void LogUnreadable(string runId, string exceptionType);
}
