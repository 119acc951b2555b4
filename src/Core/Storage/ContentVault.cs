using System.Text;
using Azure.Storage.Blobs;
using Yggdrasil.Security;

namespace Yggdrasil.Storage;

/// <summary>
/// Turns content into the bytes a row stores: the protected envelope itself up to 32 KB, beyond that a reference to a
/// blob that holds it. (A table property ends at 64 KB and a transaction at 4 MiB.)
/// </summary>
/// <remarks>
/// A blob is written before the row that refers to it and its name is used once, so a crash between the two leaves an
/// orphan to sweep and never a row without its content. Names start with the owner's partition.
/// </remarks>
public sealed class ContentVault(StorageClients storage, ContentProtector protector)
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
        await container.GetBlobClient(name).UploadAsync(new BinaryData(envelope), overwrite: false, cancellationToken);
        return [BlobReference, .. Encoding.UTF8.GetBytes(name)];
    }

    /// <exception cref="ContentProtectionException">The value was changed, moved, or encrypted with an unknown key.</exception>
    public async ValueTask<byte[]> OpenAsync(byte[] stored, ContentAddress address, CancellationToken cancellationToken)
    {
        if (stored is not [BlobReference, .. var name])
        {
            return await protector.UnprotectAsync(stored, address, cancellationToken);
        }

        var container = await storage.GetContentContainerAsync(cancellationToken);
        BlobClient blob = container.GetBlobClient(Encoding.UTF8.GetString(name));
        var download = await blob.DownloadContentAsync(cancellationToken);
        return await protector.UnprotectAsync(download.Value.Content.ToMemory(), address, cancellationToken);
    }
}
