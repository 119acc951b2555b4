using Yggdrasil.Runs.Model;

namespace Yggdrasil.Work.Prompts;

/// <summary>A message of the queue <c>prompt-results</c>: the outcome of a prompt, never the answer.</summary>
/// <param name="Version">Of the message's form.</param>
/// <param name="Id">The prompt's own.</param>
/// <param name="RunId">Absent where there is no run.</param>
/// <param name="Status">The run's, in lower case; <see cref="Rejected"/> for a prompt that became none.</param>
/// <param name="OutputUrl">The path under which the run with its output is read.</param>
public sealed record PromptResult(int Version, string Id, string? RunId, string Status, RunError? Error, RunUsage? Usage, string? OutputUrl)
{
    public const string Rejected = "rejected";

    internal static PromptResult Of(string promptId, RunHead run) => new(
        1, promptId, run.Id, run.Status.ToString().ToLowerInvariant(), run.Error, run.Usage, $"/api/runs/{run.Id}");

    internal static PromptResult Of(string promptId, PromptRejection rejection) => new(
        1, promptId, RunId: null, Rejected, new RunError(rejection.Code, rejection.Detail), Usage: null, OutputUrl: null);
}
