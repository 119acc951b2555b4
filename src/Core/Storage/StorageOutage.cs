using System.Net.Sockets;
using Azure;
using Azure.Identity;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Protection.Secrets;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Storage;

/// <summary>Failures that pass with time: of the storage account, of the way to it, of the vault with the keys of its content.</summary>
public static class StorageOutage
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>Whether it is storage that failed, whatever it answered.</summary>
    /// <remarks>Once all attempts are used up, what Azure's clients throw is an <see cref="AggregateException"/> of whatever each met.</remarks>
    internal static bool Is(Exception failure) => failure is RequestFailedException or AggregateException || Passes(failure);

    /// <summary>Whether another try may succeed. A request that storage refuses as it is, which is a fault of this app, never does.</summary>
    public static bool Passes(Exception failure) => failure switch
    {
        RequestFailedException refused => refused.Status is 0 or 401 or 403 or NotFound or 408 or Conflict or PreconditionFailed or 429 or >= 500,
        AggregateException several => several.InnerExceptions.Count > 0 && several.InnerExceptions.All(Passes),
        AuthenticationFailedException or SecretUnavailableException or StorageNotAnsweringException => true,
        HttpRequestException or SocketException or IOException or TimeoutException or OperationCanceledException => true,
        _ => false,
    };

    /// <summary>What a caller is told of a failure that <see cref="Passes"/>.</summary>
    public static StorageUnavailableException ToProblem(Exception failure) => failure is StorageNotAnsweringException known
        ? new StorageUnavailableException(known.Message, known.RetryAfter)
        : new StorageUnavailableException(
            "Storage does not answer, or not in time. What was asked for may be done or not: repeat it, with the same Idempotency-Key where there is one.",
            RetryAfter);
}
