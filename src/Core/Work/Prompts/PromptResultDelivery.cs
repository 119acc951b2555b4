using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Work.Prompts;

/// <summary>Says in the queue <c>prompt-results</c> what became of a prompt's run; at least once, so readers go by its id.</summary>
internal sealed class PromptResultDelivery(PromptQueues queues) : INoticeDelivery
{
    public const string KindName = "prompt";

    public string Kind => KindName;

    /// <param name="target">The prompt's id.</param>
    public Task DeliverAsync(RunHead ended, string target, CancellationToken cancellationToken) =>
        queues.SendResultAsync(PromptResult.Of(target, ended), cancellationToken);
}
