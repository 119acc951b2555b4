using System.Text;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Protection;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Storage;

/// <summary>
/// Turns content into the bytes a row stores: the protected envelope itself up to 32 KB, beyond that a reference to a
/// blob that holds it. (A table property ends at 64 KB and a transaction at 4 MiB.)
/// </summary>
/// <remarks>
/// A blob is written before the row that refers to it and its name is used once, so a crash between the two leaves an
/// orphan to sweep and never a row without its content. Names start with the owner's partition.
/// </remarks>
public sealed partial class ContentVault(StorageClients storage, ContentProtector protector, ILogger<ContentVault> logger)
{
    /// <summary>The largest envelope kept in its row, in bytes.</summary>
    public const int MaxInlineBytes = 32 * 1024;

    private const byte BlobReference = 2;

    public async ValueTask<byte[]> SealAsync(ReadOnlyMemory<byte> content, ContentAddress address, CancellationToken cancellationToken)
    {
        var envelope = protector.Protect(content.Span, address);
        if (envelope.Length <= MaxInlineBytes)
        {
            return envelope;
        }

        var name = $"{address.Partition}/{Ids.NewUnique()}";
        var container = await storage.GetContentContainerAsync(cancellationToken);
        var isNew = new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All }, Metadata = Metadata(address) };
        await container.GetBlobClient(name).UploadAsync(new BinaryData(envelope), isNew, cancellationToken);
        return [BlobReference, .. Encoding.UTF8.GetBytes(name)];
    }

    /// <summary>Whether the newest key protects a value that is kept in its row.</summary>
    internal bool IsNewest(byte[] stored) => protector.IsNewest(stored);

    /// <summary>Whether a stored value is where its content is, rather than the content.</summary>
    internal static bool IsReference(byte[] stored) => stored is [BlobReference, ..];

    /// <exception cref="ContentProtectionException">
    /// The value was changed, moved or lost, or encrypted with an unknown key. Logged as critical: either somebody tampers
    /// with storage or a key is missing, and an operator has to know at once.
    /// </exception>
    public async ValueTask<byte[]> OpenAsync(byte[] stored, ContentAddress address, CancellationToken cancellationToken)
    {
        try
        {
            ReadOnlyMemory<byte> envelope = stored is [BlobReference, ..]
                ? (await ReadBlobAsync(stored, address, cancellationToken)).Envelope
                : stored;
            return await protector.UnprotectAsync(envelope, address, cancellationToken);
        }
        catch (ContentProtectionException failure)
        {
            Log(failure);
            throw;
        }
    }

    /// <summary>Opens what <see cref="StoredJson"/> wrote.</summary>
    /// <exception cref="ContentProtectionException">As for <see cref="OpenAsync"/>; or it is not in a form this version knows.</exception>
    internal async ValueTask<T> OpenJsonAsync<T>(byte[] stored, ContentAddress address, CancellationToken cancellationToken)
        where T : class
    {
        var content = await OpenAsync(stored, address, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize<T>(content, StoredJson.Options) ?? throw Alert(address, "it holds nothing");
        }
        catch (Exception unknown) when (unknown is JsonException or NotSupportedException)
        {
            // Its message quotes the content, so it goes no further.
            throw Alert(address, "it is not in a form that this version knows");
        }
    }

    /// <summary>Whether the value that a blob was written for does not refer to it.</summary>
    /// <param name="metadata">The blob's own, which says what it was written for; without it nothing is claimed.</param>
    internal async Task<bool> IsOrphanAsync(
        string partition, string blobName, IDictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        if (!metadata.TryGetValue("table", out var tableName) || tableName != StorageClients.WorkTable
            || !metadata.TryGetValue("row", out var row) || !metadata.TryGetValue("property", out var property))
        {
            return false;
        }

        var table = await storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, Uri.UnescapeDataString(row), [property], cancellationToken);
        return !found.HasValue
            || found.Value!.GetBinary(property) is not [BlobReference, ..] stored
            || BlobNameIn(stored) != blobName;
    }

    /// <summary>Deletes the blobs that a row's values refer to. The row's own content goes with the row.</summary>
    internal async Task DeleteBlobsAsync(TableEntity row, CancellationToken cancellationToken)
    {
        foreach (var reference in row.Select(property => property.Value).OfType<byte[]>().Where(IsReference))
        {
            await DeleteBlobAsync(row.PartitionKey, BlobNameIn(reference), cancellationToken);
        }
    }

    /// <summary>Deletes a blob of a partition.</summary>
    internal async Task DeleteBlobAsync(string partition, string name, CancellationToken cancellationToken)
    {
        // A reference that somebody put there must not delete what is another owner's.
        if (IsBlobOf(partition, name))
        {
            var container = await storage.GetContentContainerAsync(cancellationToken);
            await container.DeleteBlobIfExistsAsync(name, cancellationToken: cancellationToken);
        }
    }

    /// <summary>The failure of a value that its reader found to be wrong, logged like those that this vault finds.</summary>
    internal ContentProtectionException Alert(ContentAddress address, string cause)
    {
        var failure = new ContentProtectionException(address, cause);
        Log(failure);
        return failure;
    }

    /// <summary>Re-encrypts a stored value with the newest key, where an older one protects it.</summary>
    /// <remarks>
    /// A blob is overwritten where it is, in one conditional request: its name is not part of what its encryption binds it
    /// to, the row that refers to it need not change, and whoever reads meanwhile gets the old envelope or the new one,
    /// both of which decrypt. A second blob would have to be swept after every crash between the two.
    /// </remarks>
    /// <exception cref="ContentProtectionException">As for <see cref="OpenAsync"/>, but not logged.</exception>
    internal async ValueTask<Renewal> RenewAsync(byte[] stored, ContentAddress address, CancellationToken cancellationToken)
    {
        if (stored is not [BlobReference, ..])
        {
            return protector.IsNewest(stored)
                ? Renewal.NotNeeded
                : new Renewal(RenewalOutcome.Inline, protector.Protect(protector.Unprotect(stored, address), address));
        }

        var (blob, envelope, version) = await ReadBlobAsync(stored, address, cancellationToken);
        if (protector.IsNewest(envelope.Span))
        {
            return Renewal.NotNeeded;
        }

        var renewed = protector.Protect(protector.Unprotect(envelope.Span, address), address);
        var unchanged = new BlobUploadOptions { Conditions = new BlobRequestConditions { IfMatch = version }, Metadata = Metadata(address) };
        try
        {
            await blob.UploadAsync(new BinaryData(renewed), unchanged, cancellationToken);
            return Renewal.InBlob;
        }
        catch (RequestFailedException failure) when (failure.Status is PreconditionFailed or NotFound)
        {
            return Renewal.Overtaken;
        }
    }

    /// <summary>What a blob was written for, so that one left behind is told from one in use.</summary>
    private static Dictionary<string, string> Metadata(ContentAddress address) => new()
    {
        ["table"] = address.Table,
        ["row"] = Uri.EscapeDataString(address.Row),
        ["property"] = address.Property,
    };

    private static string BlobNameIn(byte[] reference) => Encoding.UTF8.GetString(reference.AsSpan(1));

    private static bool IsBlobOf(string partition, string name) => name.StartsWith($"{partition}/", StringComparison.Ordinal);

    private async ValueTask<(BlobClient Blob, ReadOnlyMemory<byte> Envelope, ETag Version)> ReadBlobAsync(
        byte[] reference, ContentAddress address, CancellationToken cancellationToken)
    {
        var name = BlobNameIn(reference);
        if (!IsBlobOf(address.Partition, name))
        {
            throw new ContentProtectionException(address, "it refers to a blob of another owner");
        }

        var container = await storage.GetContentContainerAsync(cancellationToken);
        BlobClient blob = container.GetBlobClient(name);
        try
        {
            var download = await blob.DownloadContentAsync(cancellationToken);
            return (blob, download.Value.Content.ToMemory(), download.Value.Details.ETag);
        }
        catch (RequestFailedException failure) when (failure.Status is NotFound or BadRequest)
        {
            throw new ContentProtectionException(address, "the blob it refers to is gone", failure);
        }
    }

    private void Log(ContentProtectionException failure)
    {
        var address = failure.Address;
        LogUnreadable(address.Table, address.Partition, address.Row, address.Property, failure.Cause);
    }

    [LoggerMessage(4001, LogLevel.Critical,
        "Protected content cannot be read: table {Table}, partition {Partition}, row {Row}, property {Property}: {Cause}")]
    private partial void LogUnreadable(string table, string partition, string row, string property, string cause);
}
