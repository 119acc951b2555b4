using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Security;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs;

/// <summary>A journal entry as a row of the Work table, its content protected.</summary>
internal sealed class JournalRow(ContentVault vault)
{
    private const int SchemaVersion = 1;
    /// <summary>Plain, so that the children of a run whose journal cannot be read are found all the same.</summary>
    public const string ChildRun = "ChildRun";

    private const string Content = "Content";
    private const string Decision = "Decision";

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
            ["ReasoningTokens"] = entry.ReasoningTokens,
            ["CostUsd"] = entry.CostUsd?.ToString(CultureInfo.InvariantCulture),
            ["Cached"] = entry.Cached ? true : null,
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

        if (entry.Decision is { } decision)
        {
            var content = JsonSerializer.SerializeToUtf8Bytes(decision, StoredJson.Options);
            row[Decision] = await vault.SealAsync(content, Address(row, Decision), cancellationToken);
        }

        return row;
    }

    /// <exception cref="ContentProtectionException">The row's content cannot be trusted or read.</exception>
    public async Task<JournalEntry> ReadAsync(TableEntity row, CancellationToken cancellationToken) => new()
    {
        Sequence = long.Parse(row.RowKey.AsSpan(row.RowKey.LastIndexOf('!') + 1), CultureInfo.InvariantCulture),
        Kind = Enum.Parse<EntryKind>(row.GetString("Kind")),
        Turn = row.GetInt32("Turn") ?? 0,
        CallId = row.GetString("CallId"),
        Name = row.GetString("Name"),
        Status = Enum.Parse<StepStatus>(row.GetString("Status")),
        StartedAt = row.GetDateTimeOffset("StartedAt") ?? default,
        Duration = TimeSpan.FromTicks(row.GetInt64("DurationTicks") ?? 0),
        InputTokens = row.GetInt64("InputTokens"),
        OutputTokens = row.GetInt64("OutputTokens"),
        CachedInputTokens = row.GetInt64("CachedInputTokens"),
        ReasoningTokens = row.GetInt64("ReasoningTokens"),
        CostUsd = row.GetString("CostUsd") is { } cost ? decimal.Parse(cost, CultureInfo.InvariantCulture) : null,
        Cached = row.GetBoolean("Cached") ?? false,
        ServedBy = row.GetString("ServedBy"),
        Epoch = row.GetInt32("Epoch") ?? 0,
        Covers = row.GetInt32("Covers") ?? 0,
        UnknownAfter = row.GetDateTimeOffset("UnknownAfter"),
        ChildRun = row.GetString(ChildRun),
        ExpiresAt = row.GetDateTimeOffset("ExpiresAt"),
        Decision = row.GetBinary(Decision) is { } decision
            ? await vault.OpenJsonAsync<ApprovalDecision>(decision, Address(row, Decision), cancellationToken)
            : null,
        Messages = row.GetBinary(Content) is { } stored
            ? await vault.OpenJsonAsync<List<ChatMessage>>(stored, Address(row, Content), cancellationToken)
            : [],
    };

    private static ContentAddress Address(TableEntity row, string property) => new(StorageClients.WorkTable, row.PartitionKey, row.RowKey, property);
}
