using Azure.Data.Tables;

namespace Yggdrasil.Agents;

/// <summary>How many users an agent is shared with: a row that every change of its shares also changes.</summary>
/// <param name="row">As it was read; null when there is none.</param>
internal sealed class AgentShareCount(string partition, string rowKey, TableEntity? row)
{
    private const string Count = "Count";

    /// <summary>The shares of this incarnation; what is left of an earlier one does not count.</summary>
    public int Of(string incarnation) =>
        row?.GetString(AgentShare.Incarnation) == incarnation ? row.GetInt32(Count) ?? 0 : 0;

    /// <summary>Writes a new number, unless the row has changed since it was read.</summary>
    public TableTransactionAction Write(string incarnation, int count)
    {
        var written = new TableEntity(partition, rowKey) { [AgentShare.Incarnation] = incarnation, [Count] = count };
        return row is null
            ? new(TableTransactionActionType.Add, written)
            : new(TableTransactionActionType.UpdateReplace, written, row.ETag);
    }
}
