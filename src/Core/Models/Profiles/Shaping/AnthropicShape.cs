using Anthropic.Models.Messages;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>Requests of Anthropic's package: prompt cache, budgets of thinking, and one message for all results of a turn.</summary>
internal sealed class AnthropicShape(ProviderProfile profile, string model) : RequestShape(profile, model)
{
    /// <summary>Anthropic's API demands a bound. The package's own default of 1024 cuts ordinary answers short.</summary>
    public const int DefaultMaxOutputTokens = 8192;

    private const int LeastBudget = 1024;

    protected override ShapedRequest Shape(List<ChatMessage> messages, ChatOptions options, string? affinity)
    {
        var together = TogetherResults(messages);
        SetThinking(together, options);
        if (Profile.PromptCaching == PromptCaching.Marks)
        {
            CacheMarks.Set(together, options);
        }

        return new(together, options);
    }

    /// <summary>The results of one turn as one message: a model that sees them apart learns to call one tool at a time.</summary>
    private static List<ChatMessage> TogetherResults(List<ChatMessage> messages)
    {
        List<ChatMessage> together = [];
        foreach (var message in messages)
        {
            if (message.Role == ChatRole.Tool && together is [.., var last] && last.Role == ChatRole.Tool)
            {
                together[^1] = new ChatMessage(ChatRole.Tool, [.. last.Contents, .. message.Contents]);
            }
            else
            {
                together.Add(message);
            }
        }

        return together;
    }

    private void SetThinking(List<ChatMessage> messages, ChatOptions options)
    {
        // Claude takes one of the two.
        options.TopP = options.Temperature is null ? options.TopP : null;
        var effort = EffortOf(options);
        var asked = options.Reasoning?.Effort;
        options.Reasoning = null;
        if (effort is null || Profile.EffortForm is not (EffortForm.Budget or EffortForm.Adaptive))
        {
            return;
        }

        if (Profile.EffortForm == EffortForm.Adaptive)
        {
            // The package knows adaptive thinking; where it cannot be switched off, the least stands for none.
            (options.Temperature, options.TopP) = asked == ReasoningEffort.None ? (options.Temperature, options.TopP) : (null, null);
            options.Reasoning = new ReasoningOptions { Effort = asked == ReasoningEffort.None && effort != EffortLevels.Standard.None ? ReasoningEffort.Low : asked };
            return;
        }

        var most = options.MaxOutputTokens ?? (DefaultMaxOutputTokens + BudgetOf(asked));
        var budget = Math.Min(BudgetOf(asked), most / 2);
        if (asked == ReasoningEffort.None || budget < LeastBudget || ContinuesWithoutThinking(messages))
        {
            return;
        }

        // With thinking, only the default temperature is taken.
        (options.Temperature, options.TopP, options.MaxOutputTokens) = (null, null, most);
        options.RawRepresentationFactory = _ => new MessageCreateParams
        {
            Model = Model[(Model.IndexOf(':', StringComparison.Ordinal) + 1)..],
            MaxTokens = most,
            Messages = [],
            Thinking = new ThinkingConfigEnabled(budget),
        };
    }

    private static int BudgetOf(ReasoningEffort? effort) => effort switch
    {
        ReasoningEffort.Low => LeastBudget,
        ReasoningEffort.Medium => 8192,
        ReasoningEffort.High => 16_384,
        ReasoningEffort.ExtraHigh => 32_768,
        _ => 0,
    };

    /// <summary>A turn of tool calls that began without thinking, by another model for example, is refused with it.</summary>
    private static bool ContinuesWithoutThinking(List<ChatMessage> messages) =>
        messages is [.., var answer, var results]
        && results.Role == ChatRole.Tool
        && answer.Contents is not [TextReasoningContent, ..];
}
