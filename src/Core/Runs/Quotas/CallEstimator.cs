using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Limits;
using Yggdrasil.Models;
using Yggdrasil.Models.Prices;
using Yggdrasil.Models.Tokens;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Quotas;

/// <summary>What a run's next model call may use, before it is made.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>Input: as <see cref="TokenEstimator"/> counts it, at most the agent's context, and no less than what the provider counted for
/// the run's last call.</item>
/// <item>Output: the agent's <c>maxOutputTokens</c>. Without one, 1,024 or a sixteenth of the day's limit, whichever is less, and no less
/// than the run's longest answer so far.</item>
/// <item>Cost: that of the dearest of the agent's models; one without a known price costs nothing.</item>
/// </list>
/// A call that turns out larger is counted in full; the limit is then exceeded by what this one call was underestimated.
/// </remarks>
internal sealed class CallEstimator(ToolGates gates, ModelPrices prices)
{
    private const long DefaultOutput = 1024;
    private const long OutputShare = 16;

    /// <summary>For the first call of a run that is about to be started. What came before in its conversation is not known yet.</summary>
    public QuotaAmount OfStart(Run run, IReadOnlyList<ChatMessage> input, QuotaBounds bounds) =>
        Estimate(run, input, bounds, leastInput: 0, leastOutput: 0);

    /// <summary>For the next call of a run under way.</summary>
    public QuotaAmount OfNext(Run run, Transcript transcript, QuotaBounds bounds)
    {
        var answers = transcript.Entries.Where(entry => entry.Kind == EntryKind.Model).ToList();

        // Once messages were left out, the last call was longer than the next one will be.
        var leastInput = transcript.Start == 0 && answers.Count > 0 ? answers[^1].InputTokens ?? 0 : 0;
        return Estimate(run, transcript.Messages, bounds, leastInput, answers.Max(answer => answer.OutputTokens) ?? 0);
    }

    private QuotaAmount Estimate(Run run, IReadOnlyList<ChatMessage> messages, QuotaBounds bounds, long leastInput, long leastOutput)
    {
        if (!bounds.HasBudget || !ModelId.TryParse(run.Agent.Model, out var model))
        {
            return default;
        }

        var overhead = TokenEstimator.Estimate(
            model, [], gates.Offered(run).Select(tool => tool.Declaration), run.Agent.Instructions, run.Agent.ResponseSchema);
        var estimated = overhead + messages.Sum(message => MessageSizes.Tokens(model, message));
        var context = (run.Agent.Context ?? ContextPolicy.Default).MaxTokens;
        var input = Math.Max(Math.Min(estimated, context), leastInput);
        var output = run.Agent.MaxOutputTokens
            ?? Math.Max(leastOutput, Math.Min(DefaultOutput, Math.Max(1, (bounds.TokensPerDay ?? long.MaxValue) / OutputShare)));
        return new QuotaAmount(input + output, Cost(run, input, output));
    }

    private decimal Cost(Run run, long input, long output)
    {
        var usage = new UsageDetails { InputTokenCount = input, OutputTokenCount = output };
        return run.Agent.Fallbacks.Prepend(run.Agent.Model)
            .Select(name => ModelId.TryParse(name, out var model) ? prices.Cost(model, usage) ?? 0 : 0)
            .Max();
    }
}
