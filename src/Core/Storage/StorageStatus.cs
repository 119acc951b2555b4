using Azure;

namespace Yggdrasil.Storage;

/// <summary>The answers of tables and blobs that mean something here, rather than a failure.</summary>
internal static class StorageStatus
{
    public const int BadRequest = 400;
    public const int NotFound = 404;

    /// <summary>The entity to add exists.</summary>
    public const int Conflict = 409;

    /// <summary>The entity or blob has changed since the version that the request named.</summary>
    public const int PreconditionFailed = 412;

    /// <summary>Whether somebody else has added, changed or removed what was to be written.</summary>
    public static bool IsContended(RequestFailedException failure) => failure.Status is Conflict or PreconditionFailed or NotFound;
}
