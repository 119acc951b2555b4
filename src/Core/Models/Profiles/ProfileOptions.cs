namespace Yggdrasil.Models.Profiles;

/// <summary>Settings over a provider's profile, for all its models; what is not set is the profile's.</summary>
public sealed class ProfileOptions
{
    /// <summary>The provider whose profile it has, such as <c>mistral</c> for a gateway in front of Mistral's models.</summary>
    public string? Like { get; init; }

    /// <summary>The field that bounds an answer's tokens: <c>max_tokens</c> or <c>max_completion_tokens</c>.</summary>
    public string? MaxTokensField { get; init; }

    /// <summary>Fields of the request that are left out: <c>temperature</c>, <c>stream_options</c>, <c>tool_choice</c>, separated by commas; <c>none</c> for none.</summary>
    public string? RefusedFields { get; init; }

    /// <summary>Orders of messages that are corrected: <c>user_after_tool</c>, <c>consecutive_users</c>, <c>assistant_first</c>, separated by commas; <c>none</c> for none.</summary>
    public RefusedOrders? RefusedOrders { get; init; }

    /// <summary>How an answer that fits a schema is asked for: <c>json_schema</c>, <c>json_object</c> with the schema in words, or <c>words</c> alone.</summary>
    public StructuredOutput? StructuredOutput { get; init; }

    /// <summary>Whether a response format is taken beside tools: <c>true</c> or <c>false</c>.</summary>
    public bool? SchemaWithTools { get; init; }

    /// <summary>Which of its own reasoning a model gets back: <c>none</c>, <c>with_calls</c>, <c>always</c>, <c>details</c>, <c>blocks</c> (Anthropic) or <c>thinking</c> (Ollama).</summary>
    public ReturnedReasoning? ReturnedReasoning { get; init; }

    /// <summary>How the provider's prompt cache is used: <c>none</c>, <c>automatic</c>, <c>key</c> or <c>marks</c> (Claude).</summary>
    public PromptCaching? PromptCaching { get; init; }

    /// <summary>How an agent's <c>reasoningEffort</c> is passed on: <c>none</c>, <c>field</c>, <c>nested</c>, <c>switch</c>, <c>budget</c>, <c>adaptive</c> (both Anthropic) or <c>think</c> (Ollama).</summary>
    public EffortForm? EffortForm { get; init; }

    /// <summary>Tokens of context that Ollama is asked for, 512 to 2,000,000; unset for as many as prompt and answer need, from 8,192 in powers of two.</summary>
    public int? ContextTokens { get; init; }

    /// <summary>The fields of <see cref="RefusedFields"/> that may be left out.</summary>
    internal static readonly string[] Refusable = ["temperature", "stream_options", "tool_choice"];

    internal static readonly string[] MaxTokensFields = ["max_tokens", "max_completion_tokens"];

    /// <summary>The profile with these settings over it.</summary>
    internal ProviderProfile Over(ProviderProfile profile) => profile with
    {
        MaxTokensField = MaxTokensField ?? profile.MaxTokensField,
        RefusedFields = RefusedFields is null ? profile.RefusedFields : [.. RefusedFields.Split(',').Where(field => field != "none")],
        RefusedOrders = RefusedOrders ?? profile.RefusedOrders,
        StructuredOutput = StructuredOutput ?? profile.StructuredOutput,
        SchemaWithTools = SchemaWithTools ?? profile.SchemaWithTools,
        ReturnedReasoning = ReturnedReasoning ?? profile.ReturnedReasoning,
        PromptCaching = PromptCaching ?? profile.PromptCaching,
        EffortForm = EffortForm ?? profile.EffortForm,
        ContextTokens = ContextTokens ?? profile.ContextTokens,
        Models = [.. profile.Models.Select(model => model with { Profile = Over(model.Profile) })],
    };
}
