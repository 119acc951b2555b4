using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Yggdrasil.Models;
using Yggdrasil.Models.Failures;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Store;

/// <summary>A journal entry as a row of the Work table, its content protected.</summary>
internal sealed class JournalRow(ContentVault vault)
{
    private const int SchemaVersion = 1;

    /// <summary>Plain, so that the children of a run whose journal cannot be read are found all the same.</summary>
    public const string ChildRun = "ChildRun";

    /// <summary>What <see cref="ReadCall"/> needs of a row.</summary>
    public static readonly string[] Plain = ["RowKey", "Kind", "Turn", "CallId", "Name", "StartedAt", ChildRun];

    private const string Content = "Content";
    private const string Inherited = "Inherited";
    private const string Decision = "Decision";
    private const string Failures = "Failures";

    public async Task<TableEntity> WriteAsync(string partition, string runId, JournalEntry entry, CancellationToken cancellationToken)
    {
        var row = new TableEntity(partition, RowKeys.JournalEntry(runId, entry.Sequence))
        {
            ["Version"] = SchemaVersion,
            ["Kind"] = entry.Kind.ToString(),
            ["Turn"] = entry.Turn,
            ["CallId"] = entry.CallId,
            ["Name"] = entry.Name,
            ["Status"] = entry.Status.ToString(),
            ["StartedAt"] = entry.StartedAt,
            ["DurationTicks"] = entry.Duration.Ticks,
            ["InputTokens"] = entry.InputTokens,
            ["OutputTokens"] = entry.OutputTokens,
            ["CachedInputTokens"] = entry.CachedInputTokens,
            ["CacheWriteInputTokens"] = entry.CacheWriteInputTokens,
            ["ReasoningTokens"] = entry.ReasoningTokens,
            ["CostUsd"] = entry.CostUsd?.ToString(CultureInfo.InvariantCulture),
            ["Cached"] = entry.Cached ? true : null,
            ["Estimated"] = entry.Estimated ? true : null,
            ["FinishReason"] = entry.FinishReason?.ToString(),
            ["ResponseModel"] = entry.ResponseModel,
            ["ServedBy"] = entry.ServedBy,
            ["Epoch"] = entry.Epoch,
            ["UnknownAfter"] = entry.UnknownAfter,
            [ChildRun] = entry.ChildRun,
            ["ExpiresAt"] = entry.ExpiresAt,
            ["Covers"] = entry.Kind == EntryKind.Summary ? entry.Covers : null,
        };
        if (entry.Messages.Count > 0)
        {
            var content = JsonSerializer.SerializeToUtf8Bytes(entry.Messages, StoredJson.Options);
            row[Content] = await vault.SealAsync(content, Address(row, Content), cancellationToken);
        }

        if (entry.Failures.Count > 0)
        {
            // What providers say may quote the prompt.
            var content = JsonSerializer.SerializeToUtf8Bytes(entry.Failures, StoredJson.Options);
            row[Failures] = await vault.SealAsync(content, Address(row, Failures), cancellationToken);
        }

        if (entry.Decision is { } decision)
        {
            var content = JsonSerializer.SerializeToUtf8Bytes(decision, StoredJson.Options);
            row[Decision] = await vault.SealAsync(content, Address(row, Decision), cancellationToken);
        }

        return row;
    }

    /// <summary>What adds entries to the journal of a run that is under way.</summary>
    public async Task<List<TableTransactionAction>> AddAsync(Run run, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        List<TableTransactionAction> rows = [];
        foreach (var entry in entries)
        {
            rows.Add(new(TableTransactionActionType.Add, await WriteAsync(run.Caller.Owner.Partition, run.Id, entry, cancellationToken)));
        }

        return rows;
    }

    /// <summary>The rows of the entries that a run starts with.</summary>
    public async Task<IReadOnlyList<TableEntity>> WriteBeginningAsync(
        string partition, string runId, List<JournalEntry> entries, CancellationToken cancellationToken)
    {
        List<TableEntity> rows = [];
        if (entries.FindAll(entry => entry.Inherited) is { Count: > 0 } inherited)
        {
            rows.Add(await WriteInheritedAsync(partition, runId, inherited, cancellationToken));
        }

        foreach (var entry in entries.Where(entry => !entry.Inherited))
        {
            rows.Add(await WriteAsync(partition, runId, entry, cancellationToken));
        }

        return rows;
    }

    /// <summary>
    /// All that a fork takes over, in one row under the last one's sequence number: however many entries there are, they are
    /// committed with the run's start, and their content is protected as the fork's own.
    /// </summary>
    private async Task<TableEntity> WriteInheritedAsync(
        string partition, string runId, List<JournalEntry> entries, CancellationToken cancellationToken)
    {
        var row = new TableEntity(partition, RowKeys.JournalEntry(runId, entries[^1].Sequence))
        {
            ["Version"] = SchemaVersion,
            ["Kind"] = Inherited,
        };
        row[Content] = await vault.SealAsync(JsonSerializer.SerializeToUtf8Bytes(entries, StoredJson.Options), Address(row, Content), cancellationToken);
        return row;
    }

    /// <summary>The entries of a row: one, unless it holds what a fork took over; none where only a newer version knows what it is.</summary>
    /// <exception cref="ContentProtectionException">The row's content cannot be trusted or read.</exception>
    public async Task<IReadOnlyList<JournalEntry>> ReadAsync(TableEntity row, CancellationToken cancellationToken) =>
        !RowKeys.TryReadSequence(row.RowKey, out var sequence) ? []
        : row.GetString("Kind") == Inherited
            ? [.. (await vault.OpenJsonAsync<List<JournalEntry>>(row.GetBinary(Content), Address(row, Content), cancellationToken))
                .Select(entry => entry with { Messages = entry.Messages.ToList().AsBefore() })]
            : [await ReadEntryAsync(row, sequence, cancellationToken)];

    /// <summary>What a row says in plain of a tool call that was begun, here or by its caller, or has its result; null for every other row.</summary>
    /// <param name="row">With the columns of <see cref="Plain"/> at least.</param>
    public static JournalEntry? ReadCall(TableEntity row) =>
        row.GetString("CallId") is { } call && StoredEnum.Read<EntryKind>(row.GetString("Kind")) is (EntryKind.Intent or EntryKind.Tool or EntryKind.ToolAwaited) and var kind
            ? new JournalEntry
            {
                Kind = kind,
                Turn = row.GetInt32("Turn") ?? 0,
                CallId = call,
                Name = row.GetString("Name"),
                StartedAt = row.GetDateTimeOffset("StartedAt") ?? default,
                ChildRun = row.GetString(ChildRun),
            }
            : null;

    private async Task<JournalEntry> ReadEntryAsync(TableEntity row, long sequence, CancellationToken cancellationToken) => new()
    {
        Sequence = sequence,

        // Nothing can stand for a kind that only a newer version knows: what goes on without it might leave out what was said, so the
        // transcript of a run refuses it.
        Kind = StoredEnum.Read<EntryKind>(row.GetString("Kind")) ?? EntryKind.Unknown,
        Turn = row.GetInt32("Turn") ?? 0,
        CallId = row.GetString("CallId"),
        Name = row.GetString("Name"),
        Status = StoredEnum.Read<StepStatus>(row.GetString("Status")) ?? StepStatus.Unknown,
        StartedAt = row.GetDateTimeOffset("StartedAt") ?? default,
        Duration = TimeSpan.FromTicks(row.GetInt64("DurationTicks") ?? 0),
        InputTokens = row.GetInt64("InputTokens"),
        OutputTokens = row.GetInt64("OutputTokens"),
        CachedInputTokens = row.GetInt64("CachedInputTokens"),
        CacheWriteInputTokens = row.GetInt64("CacheWriteInputTokens"),
        ReasoningTokens = row.GetInt64("ReasoningTokens"),
        CostUsd = row.GetString("CostUsd") is { } cost ? decimal.Parse(cost, CultureInfo.InvariantCulture) : null,
        Cached = row.GetBoolean("Cached") ?? false,
        Estimated = row.GetBoolean("Estimated") ?? false,
        FinishReason = StoredEnum.Read<FinishReason>(row.GetString("FinishReason")),
        ResponseModel = row.GetString("ResponseModel"),
        ServedBy = row.GetString("ServedBy"),
        Epoch = row.GetInt32("Epoch") ?? 0,
        Covers = row.GetInt32("Covers") ?? 0,
        UnknownAfter = row.GetDateTimeOffset("UnknownAfter"),
        ChildRun = row.GetString(ChildRun),
        ExpiresAt = row.GetDateTimeOffset("ExpiresAt"),
        Decision = row.GetBinary(Decision) is { } decision
            ? await vault.OpenJsonAsync<ApprovalDecision>(decision, Address(row, Decision), cancellationToken)
            : null,
        Failures = row.GetBinary(Failures) is { } failures
            ? await vault.OpenJsonAsync<List<ModelFailure>>(failures, Address(row, Failures), cancellationToken)
            : [],
        Messages = row.GetBinary(Content) is { } stored
            ? (await vault.OpenJsonAsync<List<ChatMessage>>(stored, Address(row, Content), cancellationToken)).AsBefore()
            : [],
    };

    private static ContentAddress Address(TableEntity row, string property) => new(StorageClients.WorkTable, row.PartitionKey, row.RowKey, property);
}
