using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Yggdrasil.Protection.Secrets;
using Yggdrasil.Storage;

namespace Yggdrasil.Operations.Health;

/// <summary>Whether this instance can serve requests now: storage answers and secrets are loaded.</summary>
/// <remarks>
/// Secrets that a vault no longer answers for are still secrets: an instance with the last good values stays ready, for
/// taking all of them out of service would turn an outage of the vault into one of the app.
/// </remarks>
public sealed partial class Readiness(
    StorageClients storage, ISecrets secrets, MasterKeyRing keys, TimeProvider time, ILogger<Readiness> logger,
    IEnumerable<IReadinessCheck>? checks = null)
{
    /// <summary>With a second for who asks, an answer within five.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3.5);

    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken) =>
        SecretsAreLoaded() && HostIsFit() && await StorageAnswersAsync(cancellationToken);

    private bool HostIsFit()
    {
        foreach (var check in checks ?? [])
        {
            if (check.FindProblem() is { } problem)
            {
                LogHost(problem);
                return false;
            }
        }

        return true;
    }

    private bool SecretsAreLoaded()
    {
        var state = secrets.State;
        if (state is SecretsState.Loading || !keys.HasCurrent)
        {
            LogNoSecrets(state);
            return false;
        }

        if (state is SecretsState.Stale)
        {
            LogStaleSecrets();
        }

        return true;
    }

    private async Task<bool> StorageAnswersAsync(CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            // WaitAsync: what lies below may take its time to notice that it is over.
            await AskAsync(either.Token).WaitAsync(either.Token);
            return true;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogStorage(failure.GetType().FullName);
            return false;
        }
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        await table.GetEntityIfExistsAsync<TableEntity>("readiness", "readiness", cancellationToken: cancellationToken);
    }

    [LoggerMessage(5001, LogLevel.Warning, "Storage does not answer ({ExceptionType})")]
    private partial void LogStorage(string? exceptionType);

    [LoggerMessage(5002, LogLevel.Warning, "Secrets are {State}, or hold no key that protects content")]
    private partial void LogNoSecrets(SecretsState state);

    [LoggerMessage(5004, LogLevel.Warning, "This host cannot serve: {Problem}")]
    private partial void LogHost(string problem);

    [LoggerMessage(5003, LogLevel.Warning, "Secrets are stale: the vault does not answer, and its last good values are in use")]
    private partial void LogStaleSecrets();
}
