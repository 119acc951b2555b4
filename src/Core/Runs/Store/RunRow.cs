using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using Yggdrasil.Agents;
using Yggdrasil.Identity;
using Yggdrasil.Limits;
using Yggdrasil.Models;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Store;

/// <summary>A run as a row of the Work table. Rows carry a schema version; properties this version does not know stay.</summary>
internal sealed class RunRow(ContentVault vault)
{
    /// <summary>Set for items of batches.</summary>
    public const string BatchId = "BatchId";

    public const string CancelRequested = "CancelRequested";
    public const string SuspendRequested = "SuspendRequested";
    public const string DecisionCount = "DecisionCount";
    public const string NoticesDelivered = "NoticesDelivered";
    private const string DeletedAt = "DeletedAt";
    private const string ReplacedBlobs = "ReplacedBlobs";
    private const string Approvals = "Approvals";
    private const string ClientTools = "ClientTools";
    private const int SchemaVersion = 1;

    /// <summary>What <see cref="IsTerminal"/> needs of a row.</summary>
    public static readonly string[] End = ["Status", "CompletedAt"];

    /// <summary>What <see cref="ReadProgress"/> needs of a row.</summary>
    public static readonly string[] Progress = [.. End, "NextSequence", "Epoch", "LeaseUntil", CancelRequested, DeletedAt];

    /// <summary>The whole row, for a run that begins.</summary>
    public async Task<TableEntity> InsertAsync(Run run, CancellationToken cancellationToken)
    {
        var row = await UpdateAsync(run, cancellationToken);
        row["Version"] = SchemaVersion;
        await CallerColumns.WriteAsync(row, run.Caller, vault, cancellationToken);
        row["AgentId"] = run.AgentId;
        row["AgentVersion"] = run.AgentVersion;
        row["AgentKey"] = run.AgentKey;
        row["ConversationId"] = run.ConversationId;
        row[BatchId] = run.BatchId;
        row["Stream"] = run.Stream ? true : null;
        row["InputIsList"] = run.InputIsList ? true : null;
        row["ForkedFrom"] = run.ForkedFrom;
        row["InheritedTurns"] = run.ForkedFrom is null ? null : run.InheritedTurns;
        row["RetentionDays"] = run.Agent.RetentionDays;
        row["Notices"] = RunNotice.Write(run.Notices);
        row["ParentRun"] = run.Parent?.RunId;
        row["ParentCall"] = run.Parent?.CallId;
        row["Ancestors"] = run.Ancestors.Count > 0 ? string.Join(' ', run.Ancestors) : null;

        // Protected, though only a hash: whoever reads it could try out what a short request may have said.
        row["Request"] = run.RequestHash is { } hash ? await SealAsync(run, "Request", System.Text.Encoding.UTF8.GetBytes(hash), cancellationToken) : null;
        row["TraceParent"] = run.TraceParent;
        row["CreatedAt"] = run.CreatedAt;
        row["Deadline"] = run.Deadline;
        row["Agent"] = await SealAsync(run, "Agent", JsonSerializer.SerializeToUtf8Bytes(run.Agent, StoredJson.Options), cancellationToken);
        row[ClientTools] = run.ClientTools.Count > 0
            ? await SealAsync(run, ClientTools, JsonSerializer.SerializeToUtf8Bytes(run.ClientTools, StoredJson.Options), cancellationToken)
            : null;
        row["Metadata"] = run.Metadata.Count > 0
            ? await SealAsync(run, "Metadata", JsonSerializer.SerializeToUtf8Bytes(run.Metadata, StoredJson.Options), cancellationToken)
            : null;
        if (run.CallbackUrl is { } url)
        {
            await CallbackStore.WriteAsync(vault, row, url, cancellationToken);
        }

        return row;
    }

    /// <summary>What changes during a run, to be merged into its row. The flags are not: others write them.</summary>
    public async Task<TableEntity> UpdateAsync(Run run, CancellationToken cancellationToken)
    {
        var row = WriteState(run, new TableEntity(run.Caller.Owner.Partition, RowKeys.Run(run.Id))
        {
            ["StopReason"] = run.StopReason?.ToString(),
            ["FinishReason"] = run.FinishReason?.ToString(),
            ["ErrorCode"] = run.Error?.Code,
            ["ErrorMessage"] = run.Error is { HoldsContent: false } error ? error.Message : null,
            ["ErrorContent"] = run.Error is { HoldsContent: true } mistake
                ? await SealAsync(run, "ErrorContent", System.Text.Encoding.UTF8.GetBytes(mistake.Message), cancellationToken)
                : null,
            ["Output"] = run.Output is { } output ? await SealAsync(run, "Output", System.Text.Encoding.UTF8.GetBytes(output), cancellationToken) : null,
            ["CompletedAt"] = run.CompletedAt,
            ["Turns"] = run.Turns,
            ["InputTokens"] = run.Usage.InputTokens,
            ["OutputTokens"] = run.Usage.OutputTokens,
            ["ModelCalls"] = run.Usage.ModelCalls,
            ["ToolCalls"] = run.Usage.ToolCalls,
            ["CostUsd"] = run.Usage.CostUsd.ToString(CultureInfo.InvariantCulture),
            ["CachedInputTokens"] = run.Usage.CachedInputTokens,
            ["CacheWriteInputTokens"] = run.Usage.CacheWriteInputTokens,
            ["ReasoningTokens"] = run.Usage.ReasoningTokens,
            ["Estimated"] = run.Usage.Estimated,
            ["UnpricedModels"] = run.Usage.UnpricedModels is { } unpriced ? string.Join('\n', unpriced) : null,
            ["ServedBy"] = string.Join('\n', run.ServedBy),
            ["NextSequence"] = run.NextSequence,
            ["Epoch"] = run.Epoch,
            ["NotBefore"] = run.NotBefore ?? DateTimeOffset.UnixEpoch,
            ["Driver"] = run.Driver,
            ["NextRun"] = run.NextRun,
        });
        if (!run.StoredApprovals.Holds(run.Awaited))
        {
            // An empty list too: a merge leaves what it does not name.
            var pending = JsonSerializer.SerializeToUtf8Bytes(run.Awaited, StoredJson.Options);
            var (stored, forgotten) = run.StoredApprovals.Replace(run.Awaited, await SealAsync(run, Approvals, pending, cancellationToken));
            foreach (var blob in forgotten)
            {
                await vault.DeleteBlobAsync(run.Caller.Owner.Partition, blob, cancellationToken);
            }

            row[Approvals] = stored.Value;
            row[ReplacedBlobs] = stored.ReplacedBlobs;
        }

        return row;
    }

    /// <summary>What the row holds of the run's pending approvals once <paramref name="update"/> is merged into it.</summary>
    public static StoredApprovals ApprovalsAfter(TableEntity update, Run run) => update.GetBinary(Approvals) is { } value
        ? new StoredApprovals(run.Awaited, value, update.GetString(ReplacedBlobs) ?? "")
        : run.StoredApprovals;

    /// <exception cref="ContentProtectionException">The row's content cannot be trusted or read.</exception>
    public async Task<Run> ReadAsync(TableEntity row, CancellationToken cancellationToken)
    {
        IReadOnlyList<PendingApproval> pending = await ReadAsync<List<PendingApproval>>(row, Approvals, cancellationToken) ?? [];
        var stored = new StoredApprovals(pending, row.GetBinary(Approvals), row.GetString(ReplacedBlobs) ?? "");
        return await ReadContentAsync(row, cancellationToken) with { Awaited = pending, StoredApprovals = stored };
    }

    /// <summary>Whether the row is what is left of a run that was deleted, so that nobody makes another of its id.</summary>
    public static bool IsTombstone(TableEntity row) => row.GetDateTimeOffset(DeletedAt) is not null;

    /// <summary>When a tombstone was put in its run's place.</summary>
    public static DateTimeOffset TombstonedAt(TableEntity tombstone) => tombstone.GetDateTimeOffset(DeletedAt) ?? default;

    /// <summary>Whether a tombstone says nothing any more but that it is one.</summary>
    public static bool IsBare(TableEntity tombstone) => tombstone.GetDateTimeOffset("CreatedAt") is null;

    /// <summary>The tombstone for a run's row: it still says where the rest is, and holds no content.</summary>
    public static TableEntity Tombstone(TableEntity row, DateTimeOffset now)
    {
        var tombstone = new TableEntity(row.PartitionKey, row.RowKey)
        {
            ["Version"] = SchemaVersion,
            ["Status"] = row.GetString("Status"),
            ["CreatedAt"] = row.GetDateTimeOffset("CreatedAt"),
            ["Driver"] = row.GetString("Driver"),
            [CallbackStore.Message] = CallbackStore.InstanceOf(row),
            [ReplacedBlobs] = row.GetString(ReplacedBlobs),
            [DeletedAt] = now,
        };
        foreach (var (name, value) in row)
        {
            if (value is byte[] stored && ContentVault.IsReference(stored))
            {
                tombstone[name] = stored;
            }
        }

        return tombstone;
    }

    /// <summary>The tombstone once nothing else of its run is left.</summary>
    public static TableEntity Bare(TableEntity tombstone) => new(tombstone.PartitionKey, tombstone.RowKey)
    {
        ["Version"] = SchemaVersion,
        ["Status"] = tombstone.GetString("Status"),
        [DeletedAt] = tombstone.GetDateTimeOffset(DeletedAt),
    };

    /// <summary>The names of blobs that the row referred to once.</summary>
    public static string[] ReplacedBlobsOf(TableEntity row) => StoredApprovals.Names(row.GetString(ReplacedBlobs));

    private async Task<Run> ReadContentAsync(TableEntity row, CancellationToken cancellationToken)
    {
        var head = ReadHead(row);
        var caller = await CallerColumns.ReadOwnedAsync(row, vault, cancellationToken);
        var agent = await ReadAsync<AgentDefinition>(row, "Agent", cancellationToken) ?? throw vault.Alert(Address(row, "Agent"), "it is missing");
        return new Run(head, agent)
        {
            Caller = caller,
            ClientTools = await ReadAsync<List<ClientTool>>(row, ClientTools, cancellationToken) ?? [],
            Metadata = await ReadAsync<Dictionary<string, string>>(row, "Metadata", cancellationToken) ?? [],
            RequestHash = await OpenTextAsync(row, "Request", cancellationToken),
            Output = await OpenTextAsync(row, "Output", cancellationToken),
            Error = head.Error is { } error && await OpenTextAsync(row, "ErrorContent", cancellationToken) is { } message
                ? error with { Message = message }
                : head.Error,
        };
    }

    /// <summary>A run whose content cannot be read, to be shown or ended and nothing else: it has no agent to be driven by.</summary>
    public static Run ReadUnreadable(TableEntity row) => new(ReadHead(row), new AgentDefinition { Model = "" }) { Error = RunError.ContentUnreadable };

    public static RunProgress ReadProgress(TableEntity row) => new(
        row.GetInt64("NextSequence") ?? 0,
        row.GetInt32("Epoch") ?? 0,
        row.GetDateTimeOffset("LeaseUntil") ?? default,
        IsTerminal(row),
        row.GetBoolean(CancelRequested) ?? false);

    public static bool Streams(TableEntity row) => row.GetBoolean("Stream") ?? false;

    /// <summary>Makes a change say where the run stands: with its owner's quota, and in its conversation.</summary>
    /// <remarks>For a run that begins, all that is decided last; the rest of its row can be written before.</remarks>
    public static TableEntity WriteState(Run run, TableEntity row)
    {
        row["CreatedAt"] = run.CreatedAt;
        row["Status"] = run.Status.ToString();
        row["StartedAt"] = run.StartedAt;
        row["LeaseUntil"] = run.LeaseUntil;
        row["AwaitsTurn"] = run.IsEnqueued;
        row["HistoryFrom"] = run.History?.From;
        row["HistorySkip"] = run.History?.Skip;
        row["HistoryTo"] = run.History?.To;
        row["HistoryBegunAt"] = run.History?.BegunAt;
        return Write(run.Quota, row);
    }

    /// <summary>Makes a change say how the run stands with its owner's quota.</summary>
    public static TableEntity Write(RunQuota quota, TableEntity row)
    {
        row["AccountedTokens"] = quota.Accounted.Tokens;
        row["AccountedCostUsd"] = quota.Accounted.CostUsd.ToString(CultureInfo.InvariantCulture);
        row["ReservedTokens"] = quota.Reserved.Tokens;
        row["ReservedCostUsd"] = quota.Reserved.CostUsd.ToString(CultureInfo.InvariantCulture);
        row["HeldUntil"] = quota.IsHeld ? quota.HeldUntil : DateTimeOffset.UnixEpoch;
        return row;
    }

    /// <param name="row">With the columns of <see cref="End"/> at least.</param>
    public static bool IsTerminal(TableEntity row) => ReadStatus(row).IsTerminal();

    /// <summary>A status that only a newer version knows counts as one that a run ends in, or goes on in, as its row says it did.</summary>
    private static RunStatus ReadStatus(TableEntity row) =>
        StoredEnum.Read<RunStatus>(row.GetString("Status")) is { } status ? status
        : row.GetDateTimeOffset("CompletedAt") is null ? RunStatus.Running
        : RunStatus.Failed;

    /// <summary>The change that ends a run as failed; nobody who drove it before may write after it.</summary>
    public static TableEntity EndUnread(TableEntity row, Run ended) => Write(ended.Quota, new(row.PartitionKey, row.RowKey)
    {
        ["NextRun"] = ended.NextRun,
        ["Status"] = ended.Status.ToString(),
        ["StopReason"] = ended.StopReason?.ToString(),
        ["ErrorCode"] = ended.Error?.Code,
        ["ErrorMessage"] = ended.Error?.Message,
        ["CompletedAt"] = ended.CompletedAt,
        ["ToolCalls"] = ended.Usage.ToolCalls,
        ["NextSequence"] = ended.NextSequence,
        ["LeaseUntil"] = DateTimeOffset.UnixEpoch,
        ["Epoch"] = (row.GetInt32("Epoch") ?? 0) + 1,
    });

    /// <summary>What a row says in plain. Whose the run is follows from where the row is, whatever it says itself.</summary>
    public static RunHead ReadHead(TableEntity row) => new()
    {
        Id = row.RowKey[RowKeys.Run("").Length..],
        Caller = CallerColumns.Read(row) with { Owner = Owner.OfPartition(row.PartitionKey) },
        AgentId = row.GetString("AgentId"),
        AgentVersion = row.GetInt32("AgentVersion") ?? 0,
        AgentKey = row.GetString("AgentKey"),
        ConversationId = row.GetString("ConversationId"),
        BatchId = row.GetString(BatchId),
        Stream = Streams(row),
        InputIsList = row.GetBoolean("InputIsList") ?? false,
        ForkedFrom = row.GetString("ForkedFrom"),
        InheritedTurns = row.GetInt32("InheritedTurns") ?? 0,
        TraceParent = row.GetString("TraceParent"),
        CreatedAt = row.GetDateTimeOffset("CreatedAt") ?? default,
        Deadline = row.GetDateTimeOffset("Deadline") ?? default,
        Status = ReadStatus(row),
        StopReason = StoredEnum.Read<StopReason>(row.GetString("StopReason")),
        FinishReason = StoredEnum.Read<FinishReason>(row.GetString("FinishReason")),
        StartedAt = row.GetDateTimeOffset("StartedAt"),
        CompletedAt = row.GetDateTimeOffset("CompletedAt"),
        Turns = row.GetInt32("Turns") ?? 0,
        Error = row.GetString("ErrorCode") is { } code ? new RunError(code, row.GetString("ErrorMessage") ?? RunError.Withheld) : null,
        Usage = ReadUsage(row),
        Quota = new RunQuota(
            new QuotaAmount(row.GetInt64("AccountedTokens") ?? 0, Decimal(row.GetString("AccountedCostUsd"))),
            new QuotaAmount(row.GetInt64("ReservedTokens") ?? 0, Decimal(row.GetString("ReservedCostUsd"))),
            row.GetDateTimeOffset("HeldUntil") ?? DateTimeOffset.UnixEpoch),
        ServedBy = (row.GetString("ServedBy") ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries),
        NextSequence = row.GetInt64("NextSequence") ?? 0,
        Epoch = row.GetInt32("Epoch") ?? 0,
        LeaseUntil = row.GetDateTimeOffset("LeaseUntil") ?? default,
        NotBefore = row.GetDateTimeOffset("NotBefore"),
        Driver = row.GetString("Driver"),
        CancelRequested = row.GetBoolean(CancelRequested) ?? false,
        SuspendRequested = row.GetBoolean(SuspendRequested) ?? false,
        DecisionCount = row.GetInt32(DecisionCount) ?? 0,
        IsEnqueued = row.GetBoolean("AwaitsTurn") ?? false,
        History = row.GetInt64("HistoryTo") is { } to
            ? new HistoryRange(
                row.GetInt64("HistoryFrom") ?? 0, row.GetInt32("HistorySkip") ?? 0, to, row.GetDateTimeOffset("HistoryBegunAt") ?? default)
            : null,
        NextRun = row.GetString("NextRun"),
        Notices = RunNotice.Read(row.GetString("Notices")),
        Parent = row.GetString("ParentRun") is { } parent ? new ParentCall(parent, row.GetString("ParentCall")) : null,
        Ancestors = (row.GetString("Ancestors") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries),
        Callback = CallbackStore.Read(row),
        NoticesDelivered = row.GetBoolean(NoticesDelivered) ?? false,
        ETag = row.ETag,
    };

    private static RunUsage ReadUsage(TableEntity row) => new(
        row.GetInt64("InputTokens") ?? 0,
        row.GetInt64("OutputTokens") ?? 0,
        row.GetInt32("ModelCalls") ?? 0,
        row.GetInt32("ToolCalls") ?? 0,
        Decimal(row.GetString("CostUsd")))
    {
        CachedInputTokens = row.GetInt64("CachedInputTokens"),
        CacheWriteInputTokens = row.GetInt64("CacheWriteInputTokens"),
        ReasoningTokens = row.GetInt64("ReasoningTokens"),
        Estimated = row.GetBoolean("Estimated") == true ? true : null,
        UnpricedModels = row.GetString("UnpricedModels")?.Split('\n'),
    };

    private static decimal Decimal(string? stored) => stored is null ? 0 : decimal.Parse(stored, CultureInfo.InvariantCulture);

    private ValueTask<byte[]> SealAsync(Run run, string property, byte[] content, CancellationToken cancellationToken) =>
        vault.SealAsync(content, new ContentAddress(StorageClients.WorkTable, run.Caller.Owner.Partition, RowKeys.Run(run.Id), property), cancellationToken);

    private async Task<T?> ReadAsync<T>(TableEntity row, string property, CancellationToken cancellationToken)
        where T : class =>
        row.GetBinary(property) is { } stored ? await vault.OpenJsonAsync<T>(stored, Address(row, property), cancellationToken) : null;

    private async ValueTask<string?> OpenTextAsync(TableEntity row, string property, CancellationToken cancellationToken) =>
        row.GetBinary(property) is { } stored
            ? System.Text.Encoding.UTF8.GetString(await vault.OpenAsync(stored, Address(row, property), cancellationToken))
            : null;

    private static ContentAddress Address(TableEntity row, string property) => new(StorageClients.WorkTable, row.PartitionKey, row.RowKey, property);
}
