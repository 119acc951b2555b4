using System.Text;
using System.Text.Json;
using Azure.Data.Tables;
using Yggdrasil.Agents;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Storage;

namespace Yggdrasil.Work.Batches;

/// <summary>A batch as a row of the Work table.</summary>
internal sealed class BatchRow(ContentVault vault)
{
    public const string RetentionDays = "RetentionDays";

    private const int SchemaVersion = 1;
    private const string Agent = "Agent";
    private const string Request = "Request";

    /// <summary>The whole row, for a batch that begins to be accepted, or has been.</summary>
    public async Task<TableEntity> WriteAsync(Batch batch, CancellationToken cancellationToken)
    {
        var row = Update(batch);
        row["Version"] = SchemaVersion;
        await CallerColumns.WriteAsync(row, batch.Caller, vault, cancellationToken);
        row["Upload"] = batch.Upload;
        row["CreatedAt"] = batch.CreatedAt;
        row["AgentId"] = batch.Agent?.Id;
        row["AgentVersion"] = batch.Agent?.Version;
        row["AgentKey"] = batch.Agent?.Key;
        row[RetentionDays] = batch.Agent?.Definition.RetentionDays;

        // Both are empty for a batch whose row is kept until it is known what it is.
        row[Agent] = await SealAsync(row, Agent, batch.Agent is null ? null : JsonSerializer.SerializeToUtf8Bytes(batch.Agent.Definition, StoredJson.Options), cancellationToken);
        row[Request] = await SealAsync(row, Request, batch.RequestHash is null ? null : Encoding.UTF8.GetBytes(batch.RequestHash), cancellationToken);
        if (batch.CallbackUrl is { } url)
        {
            await CallbackStore.WriteAsync(vault, row, url, cancellationToken);
        }

        return row;
    }

    /// <summary>What changes later, to be merged: what a callback keeps on the row is not the batch's to write.</summary>
    public static TableEntity Update(Batch batch) => new(batch.Caller.Owner.Partition, RowKeys.Batch(batch.Id))
    {
        ["Status"] = batch.Status.ToString(),
        ["CancelRequested"] = batch.CancelRequested,
        ["Round"] = batch.Round,
        ["CompletedAt"] = batch.CompletedAt,
        ["IsDeleted"] = batch.IsDeleted,
    };

    /// <exception cref="ContentProtectionException">The row's content cannot be trusted or read.</exception>
    public async Task<Batch> ReadAsync(TableEntity row, CancellationToken cancellationToken)
    {
        var plain = ReadPlain(row);
        return plain with
        {
            Caller = await CallerColumns.ReadOwnedAsync(row, vault, cancellationToken),
            Agent = plain.Agent is { } agent && row.GetBinary(Agent) is { } definition
                ? agent with { Definition = await vault.OpenJsonAsync<AgentDefinition>(definition, Address(row, Agent), cancellationToken) }
                : null,
            RequestHash = row.GetBinary(Request) is { } hash
                ? Encoding.UTF8.GetString(await vault.OpenAsync(hash, Address(row, Request), cancellationToken))
                : null,
        };
    }

    /// <summary>A batch without its content: enough to be shown or removed, not to be driven.</summary>
    public static Batch ReadPlain(TableEntity row) => Read(row, StoredEnum.Read<BatchStatus>(row.GetString("Status")));

    private static Batch Read(TableEntity row, BatchStatus? status) => new()
    {
        Id = row.RowKey[RowKeys.BatchPrefix.Length..],
        Caller = CallerColumns.Read(row),
        Status = status ?? BatchStatus.Running,
        HasUnknownStatus = status is null,
        Upload = row.GetString("Upload") ?? "",
        Agent = row.GetString("AgentId") is { } agent
            ? new AgentSnapshot(
                agent,
                row.GetInt32("AgentVersion") ?? 0,
                row.GetString("AgentKey"),
                new AgentDefinition { Model = "", RetentionDays = row.GetInt32(RetentionDays) })
            : null,
        CreatedAt = row.GetDateTimeOffset("CreatedAt") ?? default,
        CompletedAt = status is BatchStatus.Completed or BatchStatus.Cancelled ? row.GetDateTimeOffset("CompletedAt") : null,
        HasCallback = CallbackStore.Read(row) is not null,
        CancelRequested = row.GetBoolean("CancelRequested") ?? false,
        Round = row.GetInt32("Round") ?? 1,
        IsDeleted = row.GetBoolean("IsDeleted") ?? false,
        ETag = row.ETag,
    };

    /// <summary>The change for another round, at whose end it tells once more.</summary>
    public static TableEntity UpdateForRound(Batch batch)
    {
        var row = Update(batch);
        if (batch.HasCallback)
        {
            CallbackStore.WriteAgain(row);
        }

        return row;
    }

    private async Task<byte[]?> SealAsync(TableEntity row, string property, byte[]? content, CancellationToken cancellationToken) =>
        content is null ? null : await vault.SealAsync(content, Address(row, property), cancellationToken);

    private static ContentAddress Address(TableEntity row, string property) => new(StorageClients.WorkTable, row.PartitionKey, row.RowKey, property);
}
