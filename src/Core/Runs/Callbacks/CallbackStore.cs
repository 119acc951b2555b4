using System.Text;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Protection;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Callbacks;

/// <summary>A callback that is being delivered.</summary>
/// <param name="Body">Exactly what is sent, each time.</param>
/// <param name="Url">Where to; null for a message to a channel.</param>
/// <param name="Channel">The channel it goes to; null for a message to the address that the run's caller named.</param>
internal sealed record PendingCallback(string? Url, string? Channel, string Body, DateTimeOffset BegunAt, int Attempts);

/// <summary>A callback as a few properties of the row it is about: a run's, for instance.</summary>
internal sealed class CallbackStore(StorageClients storage, ContentVault vault, Contention contention, UnknownValues unknown)
{
    /// <summary>The orchestration that delivers it; kept on a tombstone, so that its history goes too.</summary>
    public const string Message = "CallbackMessage";

    private const string Url = "CallbackUrl";
    private const string Status = "CallbackStatus";
    private const string Attempts = "CallbackAttempts";
    private const string LastError = "CallbackError";
    private const string Body = "CallbackBody";
    private const string BegunAt = "CallbackBegunAt";
    private const string Channel = "CallbackChannel";

    private static readonly string[] Progress = [Status, Attempts, LastError];

    /// <summary>Adds to a new row that a callback is wanted. The address is protected: people put keys into it.</summary>
    public static async Task WriteAsync(ContentVault vault, TableEntity row, string url, CancellationToken cancellationToken)
    {
        row[Status] = nameof(CallbackStatus.Waiting);
        row[Url] = await vault.SealAsync(Encoding.UTF8.GetBytes(url), Address(row.PartitionKey, row.RowKey), cancellationToken);
    }

    /// <summary>Adds to a new row that a message to a channel is wanted.</summary>
    public static void WriteChannel(TableEntity row, string channel)
    {
        row[Status] = nameof(CallbackStatus.Waiting);
        row[Channel] = channel;
    }

    /// <summary>Adds to a change of a row that its callback is wanted once more, for what is about to happen.</summary>
    public static void WriteAgain(TableEntity change)
    {
        change[Status] = nameof(CallbackStatus.Waiting);
        change[Attempts] = 0;
        change[LastError] = "";
    }

    /// <summary>How far a row's callback has come; null when none is wanted, or only a newer version knows: it is left alone.</summary>
    public static CallbackState? Read(TableEntity row) => StoredEnum.Read<CallbackStatus>(row.GetString(Status)) is { } status
        ? new CallbackState(status, row.GetInt32(Attempts) ?? 0, row.GetString(LastError) is { Length: > 0 } error ? error : null)
        : null;

    /// <summary>The orchestration that delivers a row's callback; null when there was none to deliver.</summary>
    public static string? InstanceOf(TableEntity row) => row.GetString(Message);

    public async Task<CallbackState?> FindStateAsync(string partition, string row, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, row, Progress, cancellationToken);
        if (!found.HasValue)
        {
            return null;
        }

        var state = Read(found.Value!);
        if (state is null && found.Value!.GetString(Status) is { } status)
        {
            unknown.Add(StorageClients.WorkTable, Status, status);
        }

        return state;
    }

    /// <summary>What is to be sent is known: from here on it is pending.</summary>
    public Task BeginAsync(CallbackReference reference, string body, DateTimeOffset now, CancellationToken cancellationToken) => MergeAsync(
        new TableEntity(reference.Partition, reference.Row)
        {
            [Status] = nameof(CallbackStatus.Pending),
            [Message] = reference.MessageId,
            [Body] = body,
            [BegunAt] = now,
        },
        cancellationToken);

    /// <summary>Null when it is not pending, or the row is gone.</summary>
    /// <exception cref="ContentProtectionException">The address cannot be read.</exception>
    public async Task<PendingCallback?> FindPendingAsync(CallbackReference reference, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(
            reference.Partition, reference.Row, [.. Progress, Url, Channel, Body, BegunAt], cancellationToken);
        if (!found.HasValue || Read(found.Value!) is not { Status: CallbackStatus.Pending } state)
        {
            return null;
        }

        var row = found.Value!;
        var channel = row.GetString(Channel);
        var url = channel is null
            ? Encoding.UTF8.GetString(await vault.OpenAsync(row.GetBinary(Url), Address(reference.Partition, reference.Row), cancellationToken))
            : null;
        return new PendingCallback(
            url, channel, row.GetString(Body), row.GetDateTimeOffset(BegunAt) ?? default, state.Attempts);
    }

    public Task RecordAsync(CallbackReference reference, CallbackState state, CancellationToken cancellationToken) => MergeAsync(
        new TableEntity(reference.Partition, reference.Row)
        {
            [Status] = state.Status.ToString(),
            [Attempts] = state.Attempts,

            // A merge leaves out what is null, so a cleared error is written as an empty one.
            [LastError] = state.LastError ?? "",
        },
        cancellationToken);

    /// <summary>Under the row's version, so that nothing is written to what stands in the place of a deleted one.</summary>
    private async Task MergeAsync(TableEntity change, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        await contention.RetryAsync(AttemptAsync, cancellationToken);

        async Task<bool> AttemptAsync()
        {
            var found = await table.GetEntityIfExistsAsync<TableEntity>(change.PartitionKey, change.RowKey, Progress, cancellationToken);
            if (!found.HasValue || Read(found.Value!) is null)
            {
                return false;
            }

            try
            {
                await table.UpdateEntityAsync(change, found.Value!.ETag, TableUpdateMode.Merge, cancellationToken);
                return true;
            }
            catch (RequestFailedException failure) when (StorageStatus.IsContended(failure))
            {
                // Somebody changed or deleted what it is about.
                throw new ContendedException(failure);
            }
        }
    }

    private static ContentAddress Address(string partition, string row) => new(StorageClients.WorkTable, partition, row, Url);
}
