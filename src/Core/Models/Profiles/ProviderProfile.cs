namespace Yggdrasil.Models.Profiles;

/// <summary>What a provider takes and gives beyond plain chat completions: the one place that knows.</summary>
/// <remarks>
/// Data only. <see cref="BuiltInProfiles"/> holds a profile for each known provider; a setting under
/// <c>Providers__name__Profile__</c> stands over it. The table in docs/providers.md is generated from the profiles. The
/// vendors' documentation is the source of every value; where it is silent, the errors that their users report are.
/// </remarks>
public sealed record ProviderProfile
{
    /// <summary>The provider it is for; of an unknown server, <c>openai-compatible</c>.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// What ids of tool calls have to look like, as a regular expression. Every id that is sent is of nine letters and
    /// digits, which fits them all.
    /// </summary>
    public string CallIds { get; init; } = "^.+$";

    /// <summary>What names of tools have to look like, as a regular expression.</summary>
    public string ToolNames { get; init; } = "^[A-Za-z0-9_-]{1,64}$";

    /// <summary>The field that bounds an answer's tokens.</summary>
    public string MaxTokensField { get; init; } = "max_tokens";

    /// <summary>Fields of the request that are refused, such as <c>stream_options</c>; they are left out.</summary>
    public IReadOnlyList<string> RefusedFields { get; init; } = [];

    /// <summary>Orders of messages that are refused; see <see cref="Profiles.RefusedOrders"/> for what is done instead.</summary>
    public RefusedOrders RefusedOrders { get; init; }

    /// <summary>The strongest way to ask for an answer that fits a schema.</summary>
    public StructuredOutput StructuredOutput { get; init; } = StructuredOutput.JsonSchema;

    /// <summary>Whether a response format is taken beside tools; where not, the schema goes in words when tools are offered.</summary>
    public bool SchemaWithTools { get; init; } = true;

    /// <summary>Which of its own reasoning the model gets back.</summary>
    public ReturnedReasoning ReturnedReasoning { get; init; }

    /// <summary>What stands for reasoning that another model did or nobody did, where the field is demanded; null for nothing.</summary>
    public string? MissingReasoning { get; init; }

    /// <summary>
    /// What stands for the signature of a call that another model made, where one is demanded (Gemini's <c>thought_signature</c>);
    /// null for nothing.
    /// </summary>
    public string? MissingSignature { get; init; }

    /// <summary>How the provider's prompt cache is used.</summary>
    public PromptCaching PromptCaching { get; init; }

    /// <summary>How the reasoning effort of an agent is passed on.</summary>
    public EffortForm EffortForm { get; init; }

    /// <summary>What each effort is called.</summary>
    public EffortLevels Efforts { get; init; } = EffortLevels.Standard;

    /// <summary>Bounds on time, the settings' defaults.</summary>
    public ProviderTimeouts Timeouts { get; init; } = ProviderTimeouts.Default;

    /// <summary>
    /// Tokens of context asked for, where the server has to be asked (Ollama's <c>num_ctx</c>); null: as many as prompt and
    /// answer need, from 8,192 in powers of two.
    /// </summary>
    public int? ContextTokens { get; init; }

    /// <summary>Models that differ. The first pattern that matches counts.</summary>
    public IReadOnlyList<ModelProfile> Models { get; init; } = [];
}

/// <summary>The profile of some of a provider's models.</summary>
/// <param name="Pattern">The models' names, case aside; <c>*</c> stands for anything.</param>
/// <param name="Profile">What holds for them.</param>
public sealed record ModelProfile(string Pattern, ProviderProfile Profile);

/// <summary>A provider's names of the reasoning efforts. Null: the provider has no such level, and the field is left out.</summary>
public sealed record EffortLevels(string? None, string? Low, string? Medium, string? High, string? ExtraHigh)
{
    /// <summary>As OpenAI's newest models have them.</summary>
    public static readonly EffortLevels Standard = new("none", "low", "medium", "high", "xhigh");

    /// <summary>Three levels, and no way to do without reasoning.</summary>
    public static readonly EffortLevels Three = new("low", "low", "medium", "high", "high");
}

/// <summary>Bounds on time in whole seconds: the defaults of a provider's settings.</summary>
/// <param name="Connect">Until a connection stands.</param>
/// <param name="FirstToken">From the request to the first token of a streamed answer; models that reason are silent meanwhile.</param>
/// <param name="Call">One model call, all attempts together; of a streamed answer, the longest silence.</param>
/// <param name="Stream">A streamed answer from its first token to its end.</param>
public sealed record ProviderTimeouts(int Connect, int FirstToken, int Call, int Stream)
{
    /// <summary>What the vendors' own packages wait by default: ten minutes for an answer.</summary>
    public static readonly ProviderTimeouts Default = new(Connect: 10, FirstToken: 600, Call: 600, Stream: 3600);
}
