using Microsoft.Extensions.AI;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Clients;

/// <summary>
/// Says in a stream of updates that the answer so far is void: its model broke off after its first token, and the answer
/// begins anew, from another model or once more from the same.
/// </summary>
/// <remarks>
/// It comes alone in an update of its own, before anything of the new answer. Whoever collects the stream throws away what
/// it has, tool calls and usage included; whoever passes text on tells its readers (<c>model.restarted</c>). A stream
/// that cannot go on at all ends with a <see cref="ProviderException"/> and without a marker.
/// <code>
///   text, text, ModelRestart, text, text, usage      the first two are void
/// </code>
/// </remarks>
/// <param name="failed">The <c>provider:model</c> that broke off.</param>
/// <param name="code">Why: the code of its <see cref="ProviderException"/>.</param>
internal sealed class ModelRestart(string failed, string code) : AIContent
{
    public string Failed { get; } = failed;

    public string Code { get; } = code;

    /// <summary>The marker of an update; null for every update that belongs to an answer.</summary>
    public static ModelRestart? Of(ChatResponseUpdate update) => update.Contents is [ModelRestart restart] ? restart : null;

    public ChatResponseUpdate ToUpdate() => new(ChatRole.Assistant, [this]);
}
