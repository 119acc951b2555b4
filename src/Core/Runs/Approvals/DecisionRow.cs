using System.Text.Json;
using Azure.Data.Tables;
using Yggdrasil.Protection;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Approvals;

/// <summary>A decision as a row of its own, since who decides does not drive the run: its driver journals it later.</summary>
internal sealed class DecisionRow(ContentVault vault)
{
    private const int SchemaVersion = 1;
    private const string Decision = "Decision";

    public async Task<TableEntity> WriteAsync(string partition, string runId, ApprovalDecision decision, CancellationToken cancellationToken)
    {
        var row = new TableEntity(partition, RowKeys.Decision(runId, decision.CallId)) { ["Version"] = SchemaVersion };
        row[Decision] = await vault.SealAsync(JsonSerializer.SerializeToUtf8Bytes(decision, StoredJson.Options), Address(row), cancellationToken);
        return row;
    }

    /// <exception cref="ContentProtectionException">The row's content cannot be trusted or read.</exception>
    public async Task<ApprovalDecision> ReadAsync(TableEntity row, CancellationToken cancellationToken) =>
        row.GetBinary(Decision) is { } stored
            ? await vault.OpenJsonAsync<ApprovalDecision>(stored, Address(row), cancellationToken)
            : throw vault.Alert(Address(row), "it is missing");

    private static ContentAddress Address(TableEntity row) => new(StorageClients.WorkTable, row.PartitionKey, row.RowKey, Decision);
}
