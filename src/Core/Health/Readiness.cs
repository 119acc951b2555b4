using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Yggdrasil.Storage;

namespace Yggdrasil.Health;

/// <summary>Whether this instance can serve requests now: storage answers.</summary>
public sealed partial class Readiness(StorageClients storage, TimeProvider time, ILogger<Readiness> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var table = await storage.GetWorkTableAsync(either.Token);
            await table.GetEntityIfExistsAsync<TableEntity>("readiness", "readiness", cancellationToken: either.Token);
            return true;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogStorage(failure.GetType().FullName);
            return false;
        }
    }

    [LoggerMessage(5001, LogLevel.Warning, "Storage does not answer ({ExceptionType})")]
    private partial void LogStorage(string? exceptionType);
}
