using Yggdrasil.Runs.Model;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Functions.Http.Batches;

/// <summary>A batch, as the contract shows it.</summary>
/// <param name="Agent">Absent while it is being uploaded.</param>
/// <param name="CostUsd">Of all runs of its items so far.</param>
internal sealed record BatchDocument(
    string Id,
    string? Agent,
    int? AgentVersion,
    BatchStatus Status,
    BatchCounts Counts,
    DateTimeOffset CreatedAt,
    DateTimeOffset? CompletedAt,
    decimal CostUsd,
    BatchLinks Links)
{
    /// <param name="query">What the links need beside the id; empty for the caller's own.</param>
    public static BatchDocument From(BatchProgress progress, string query) => new(
        progress.Batch.Id,
        progress.Batch.Agent?.Id,
        progress.Batch.Agent?.Version,
        progress.Batch.Status,
        progress.Counts,
        progress.Batch.CreatedAt,
        progress.Batch.CompletedAt,
        progress.CostUsd,
        BatchLinks.Of(progress.Batch.Id, query));
}

internal sealed record BatchLinks(string Self, string Results, string Cancel, string Retry)
{
    public static BatchLinks Of(string id, string query) => new(
        $"/api/batches/{id}{query}", $"/api/batches/{id}/results{query}", $"/api/batches/{id}/cancel{query}", $"/api/batches/{id}/retry{query}");
}

/// <summary>A line of a batch's results.</summary>
/// <param name="RunId">Absent for an item that never became a run, or whose run was deleted.</param>
internal sealed record BatchResultDocument(string Id, string? RunId, RunStatus Status, string? Output, RunError? Error, RunUsage? Usage)
{
    public static BatchResultDocument From(BatchItemOutcome item) =>
        new(item.Id, item.RunId, item.Status, item.Run?.Output, item.Error, item.Run?.Usage);
}
