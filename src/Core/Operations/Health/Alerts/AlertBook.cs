using System.Collections.Concurrent;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Operations.Health.Alerts;

/// <summary>
/// Raises and clears alerts. What is known of each check is a row of the table Health, changed under its version: of several
/// instances one tells. Without storage each goes by what it remembers, for that is when operators have to hear of it.
/// </summary>
internal sealed partial class AlertBook(
    StorageClients storage, AlertWebhook webhook, AlertOptions options, ILogger<AlertBook> logger)
{
    private const string Partition = "alerts";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Two instances that look in the same minute are one look.</summary>
    private static readonly TimeSpan OneLook = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, AlertState> _known = new();

    public async Task EvaluateAsync(HealthReport report, CancellationToken cancellationToken)
    {
        foreach (var check in report.Checks)
        {
            if (await AdvanceAsync(check, report.CheckedAt, cancellationToken) is ({ IsTold: false } state, var version))
            {
                await TellAsync(state, version, check, cancellationToken);
            }
        }
    }

    /// <returns>The check's new state and its row's version, where storage has it; null when another instance has taken this look in.</returns>
    private async Task<(AlertState State, ETag? Version)?> AdvanceAsync(HealthCheck check, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var isGood = check.Status == HealthStatus.Healthy;
        try
        {
            using var bounded = Bounded(cancellationToken);
            var table = await storage.GetHealthTableAsync(bounded.Token);
            var found = await table.GetEntityIfExistsAsync<TableEntity>(Partition, check.Name, cancellationToken: bounded.Token);
            var state = found.HasValue ? Read(found.Value!) : AlertState.Unknown(check.Name);
            if (now - state.CheckedAt < OneLook)
            {
                return null;
            }

            var next = state.Take(isGood, now, options);
            var written = found.HasValue
                ? await table.UpdateEntityAsync(Row(next), found.Value!.ETag, TableUpdateMode.Replace, bounded.Token)
                : await table.AddEntityAsync(Row(next), bounded.Token);
            _known[check.Name] = next;
            return (next, written.Headers.ETag);
        }
        catch (RequestFailedException failure) when (failure.Status is PreconditionFailed or Conflict)
        {
            return null;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotShared(check.Name, failure.GetType().FullName);
            var next = _known[check.Name] = _known.GetValueOrDefault(check.Name, AlertState.Unknown(check.Name)).Take(isGood, now, options);
            return (next, null);
        }
    }

    private async Task TellAsync(AlertState state, ETag? version, HealthCheck check, CancellationToken cancellationToken)
    {
        if (state.IsRaised)
        {
            LogRaised(state.Name, check.Detail);
        }
        else
        {
            LogCleared(state.Name);
        }

        var alert = new Alert(state.AlertId, state.IsRaised ? "alert.raised" : "alert.cleared", state.Name, state.ChangedAt, check.Detail);
        if (!await webhook.SendAsync(alert, cancellationToken))
        {
            // It is told again with the next look, under the same id.
            return;
        }

        var told = _known[state.Name] = state with { IsTold = true };
        if (version is null)
        {
            return;
        }

        try
        {
            using var bounded = Bounded(cancellationToken);
            var table = await storage.GetHealthTableAsync(bounded.Token);
            await table.UpdateEntityAsync(Row(told), version.Value, TableUpdateMode.Replace, bounded.Token);
        }
        catch (RequestFailedException failure) when (failure.Status is PreconditionFailed)
        {
            // Another instance has looked meanwhile; should it tell the same once more, the id says so.
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotShared(state.Name, failure.GetType().FullName);
        }
    }

    private static CancellationTokenSource Bounded(CancellationToken cancellationToken)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        source.CancelAfter(Patience);
        return source;
    }

    private static TableEntity Row(AlertState state) => new(Partition, state.Name)
    {
        ["Outcomes"] = state.Outcomes,
        ["IsRaised"] = state.IsRaised,
        ["AlertId"] = state.AlertId,
        ["ChangedAt"] = state.AlertId.Length > 0 ? state.ChangedAt : null,
        ["IsTold"] = state.IsTold,
        ["CheckedAt"] = state.CheckedAt,
    };

    private static AlertState Read(TableEntity row) => new(
        row.RowKey, row.GetString("Outcomes") ?? "", row.GetBoolean("IsRaised") ?? false, row.GetString("AlertId") ?? "",
        row.GetDateTimeOffset("ChangedAt") ?? default, row.GetBoolean("IsTold") ?? true, row.GetDateTimeOffset("CheckedAt") ?? default);

    [LoggerMessage(5020, LogLevel.Critical, "Alert: {Check} fails: {Detail}")]
    private partial void LogRaised(string check, string detail);

    [LoggerMessage(5022, LogLevel.Information, "Alert is over: {Check} is good again")]
    private partial void LogCleared(string check);

    [LoggerMessage(5023, LogLevel.Warning, "The alert of {Check} goes by what this instance remembers ({ExceptionType})")]
    private partial void LogNotShared(string check, string? exceptionType);
}
