using System.Text.Json;
using Azure.Data.Tables;
using Yggdrasil.Protection;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Approvals;

/// <summary>A decision, or a caller's answer, as a row of its own, since who decides does not drive the run: its driver journals it later.</summary>
internal sealed class DecisionRow(ContentVault vault)
{
    private const int SchemaVersion = 1;
    private const string Decision = "Decision";
    private const string Answer = "Answer";

    public async Task<TableEntity> WriteAsync(string partition, string runId, ApprovalDecision decision, CancellationToken cancellationToken)
    {
        var row = new TableEntity(partition, RowKeys.Decision(runId, decision.CallId)) { ["Version"] = SchemaVersion };
        row[Decision] = await vault.SealAsync(JsonSerializer.SerializeToUtf8Bytes(decision, StoredJson.Options), Address(row), cancellationToken);
        return row;
    }

    /// <summary>An answer of the caller, in the same place: a call waits for one of the two.</summary>
    public async Task<TableEntity> WriteAsync(string partition, string runId, ClientAnswer answer, CancellationToken cancellationToken)
    {
        var row = new TableEntity(partition, RowKeys.Decision(runId, answer.CallId)) { ["Version"] = SchemaVersion };
        row[Answer] = await vault.SealAsync(JsonSerializer.SerializeToUtf8Bytes(answer, StoredJson.Options), Address(row, Answer), cancellationToken);
        return row;
    }

    /// <summary>Whether the row is an answer, and no decision.</summary>
    public static bool IsAnswer(TableEntity row) => row.GetBinary(Answer) is not null;

    /// <exception cref="ContentProtectionException">The row's content cannot be trusted or read.</exception>
    public async Task<ApprovalDecision> ReadAsync(TableEntity row, CancellationToken cancellationToken) =>
        row.GetBinary(Decision) is { } stored
            ? await vault.OpenJsonAsync<ApprovalDecision>(stored, Address(row), cancellationToken)
            : throw vault.Alert(Address(row), "it is missing");

    /// <exception cref="ContentProtectionException">The row's content cannot be trusted or read.</exception>
    public ValueTask<ClientAnswer> ReadAnswerAsync(TableEntity row, CancellationToken cancellationToken) =>
        vault.OpenJsonAsync<ClientAnswer>(row.GetBinary(Answer), Address(row, Answer), cancellationToken);

    private static ContentAddress Address(TableEntity row, string property = Decision) =>
        new(StorageClients.WorkTable, row.PartitionKey, row.RowKey, property);
}
