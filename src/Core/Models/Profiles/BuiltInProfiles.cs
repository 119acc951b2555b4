namespace Yggdrasil.Models.Profiles;

/// <summary>What is known of each provider.</summary>
internal static class BuiltInProfiles
{
    private const RefusedOrders Alternating = RefusedOrders.UserAfterTool | RefusedOrders.ConsecutiveUsers | RefusedOrders.AssistantFirst;
    private const string NineLettersOrDigits = "^[A-Za-z0-9]{9}$";

    // Local models load for minutes before their first token, and there is nobody to bill a second attempt.
    private static readonly ProviderTimeouts Local = ProviderTimeouts.Default with { Connect = 5, FirstToken = 1200, Call = 1200 };

    /// <summary>
    /// An unknown server: templates of local models and gateways refuse most of what is not the plainest, so the plainest is
    /// sent. <c>stream_options</c> is not left out: without it hardly a server says how many tokens a streamed answer took.
    /// </summary>
    public static readonly ProviderProfile Unknown = new()
    {
        Name = "openai-compatible",
        CallIds = NineLettersOrDigits,
        RefusedOrders = Alternating,
        StructuredOutput = StructuredOutput.Words,
        SchemaWithTools = false,
        ReturnedReasoning = ReturnedReasoning.WithCalls,
    };

    private static readonly ProviderProfile OpenAI = WithModels(
        new()
        {
            Name = "openai",
            CallIds = "^.{1,40}$",
            MaxTokensField = "max_completion_tokens",
            PromptCaching = PromptCaching.Key,
            EffortForm = EffortForm.Field,
        },
        ("gpt-5-chat*", chat => chat with { EffortForm = EffortForm.None }),
        ("gpt-5.*-chat*", chat => chat with { EffortForm = EffortForm.None }),
        ("gpt-5-pro*", pro => Reasoning(pro) with { Efforts = new("high", "high", "high", "high", "high") }),
        ("gpt-5.*", model => Reasoning(model)),
        ("gpt-5*", model => Reasoning(model) with { Efforts = new("minimal", "low", "medium", "high", "high") }),
        ("gpt-oss*", model => model with { Efforts = EffortLevels.Three }),
        ("gpt-4*", model => model with { EffortForm = EffortForm.None }),
        ("gpt-3*", model => model with { EffortForm = EffortForm.None }),
        ("o1-mini*", model => Reasoning(model) with { EffortForm = EffortForm.None }),
        ("o?", model => Reasoning(model) with { Efforts = EffortLevels.Three }),
        ("o?-*", model => Reasoning(model) with { Efforts = EffortLevels.Three }));

    private static readonly ProviderProfile Anthropic = WithModels(
        new()
        {
            Name = "anthropic",
            CallIds = "^[A-Za-z0-9_-]+$",
            RefusedOrders = RefusedOrders.AssistantFirst,
            ReturnedReasoning = ReturnedReasoning.Blocks,
            PromptCaching = PromptCaching.Marks,
            EffortForm = EffortForm.Budget,
        },
        ("claude-3-5*", model => model with { EffortForm = EffortForm.None, StructuredOutput = StructuredOutput.Words }),
        ("claude-3-haiku*", model => model with { EffortForm = EffortForm.None, StructuredOutput = StructuredOutput.Words }),
        ("claude-3*", model => model with { StructuredOutput = StructuredOutput.Words }),
        ("claude-opus-4-6*", model => model with { EffortForm = EffortForm.Adaptive }),
        ("claude-sonnet-4-6*", model => model with { EffortForm = EffortForm.Adaptive }),
        ("claude-opus-4-7*", Adaptive),
        ("claude-opus-4-8*", Adaptive),
        ("claude-opus-5-5*", AlwaysThinking),
        ("claude-fable*", AlwaysThinking),
        ("claude-mythos*", AlwaysThinking),
        ("claude-opus-5*", Adaptive),
        ("claude-sonnet-5*", Adaptive),
        ("claude-haiku-5*", Adaptive));

    private static readonly ProviderProfile Gemini = WithModels(
        new()
        {
            Name = "gemini",
            ToolNames = "^[A-Za-z_][A-Za-z0-9_-]{0,63}$",
            SchemaWithTools = false,
            PromptCaching = PromptCaching.Automatic,
            EffortForm = EffortForm.Field,
            Efforts = new("none", "low", "medium", "high", "high"),
        },
        ("gemini-1*", model => model with { EffortForm = EffortForm.None }),
        ("gemini-2.0*", model => model with { EffortForm = EffortForm.None }),
        ("gemini-2.5-pro*", model => model with { Efforts = EffortLevels.Three }),
        ("gemini-2*", model => model),
        ("gemma*", model => model with { EffortForm = EffortForm.None }),

        // Google's documented stand-in for calls of other models, whose signatures nobody has.
        ("*", model => model with
        {
            SchemaWithTools = true,
            Efforts = EffortLevels.Three,
            MissingSignature = "skip_thought_signature_validator",
        }));

    private static readonly ProviderProfile Mistral = WithModels(
        new()
        {
            Name = "mistral",
            CallIds = NineLettersOrDigits,
            RefusedFields = ["stream_options"],
            RefusedOrders = RefusedOrders.UserAfterTool | RefusedOrders.AssistantFirst,
            SchemaWithTools = false,
            PromptCaching = PromptCaching.Automatic,
        });

    private static readonly ProviderProfile Groq = WithModels(
        new()
        {
            Name = "groq",
            StructuredOutput = StructuredOutput.JsonObject,
            SchemaWithTools = false,
            PromptCaching = PromptCaching.Automatic,
        },
        ("openai/gpt-oss*", model => model with
        {
            StructuredOutput = StructuredOutput.JsonSchema,
            EffortForm = EffortForm.Field,
            Efforts = EffortLevels.Three,
        }),
        ("qwen/*", model => model with { EffortForm = EffortForm.Field, Efforts = new("none", "default", "default", "default", "default") }));

    private static readonly ProviderProfile OpenRouter = WithModels(
        new()
        {
            Name = "openrouter",
            ReturnedReasoning = ReturnedReasoning.Details,
            PromptCaching = PromptCaching.Automatic,
            EffortForm = EffortForm.Nested,
        },
        ("anthropic/*", model => model with { PromptCaching = PromptCaching.Marks }));

    private static readonly ProviderProfile Xai = WithModels(
        new() { Name = "xai", PromptCaching = PromptCaching.Automatic },
        ("grok-3-mini*", model => model with { EffortForm = EffortForm.Field, Efforts = new("low", "low", "low", "high", "high") }));

    private static readonly ProviderProfile Perplexity = WithModels(
        new() { Name = "perplexity", RefusedOrders = Alternating, SchemaWithTools = false },
        ("sonar-*reason*", model => model with { EffortForm = EffortForm.Field, Efforts = EffortLevels.Three }),
        ("sonar-deep*", model => model with { EffortForm = EffortForm.Field, Efforts = EffortLevels.Three }));

    /// <summary>Every profile, in the order in which docs/providers.md lists them.</summary>
    public static IReadOnlyList<ProviderProfile> All { get; } =
    [
        OpenAI,
        OpenAI with { Name = "azure" },
        Anthropic,
        Gemini,
        Mistral,
        new()
        {
            Name = "deepseek",
            StructuredOutput = StructuredOutput.JsonObject,
            ReturnedReasoning = ReturnedReasoning.Always,

            // Thinking is on unless it is switched off, and then every message of an assistant has to have the field.
            MissingReasoning = "",
            PromptCaching = PromptCaching.Automatic,
            EffortForm = EffortForm.Switch,
            Efforts = new("disabled", "low", "high", "high", "max"),
        },
        Groq,
        OpenRouter,
        WithModels(
            new() { Name = "together", RefusedOrders = RefusedOrders.ConsecutiveUsers | RefusedOrders.AssistantFirst },
            ("*gpt-oss*", model => model with { EffortForm = EffortForm.Field, Efforts = EffortLevels.Three })),
        WithModels(
            new() { Name = "fireworks", SchemaWithTools = false, ReturnedReasoning = ReturnedReasoning.WithCalls, PromptCaching = PromptCaching.Automatic },
            ("*gpt-oss*", model => model with { EffortForm = EffortForm.Field, Efforts = EffortLevels.Three }),
            ("*deepseek-v4*", model => model with { EffortForm = EffortForm.Field })),
        Xai,
        new() { Name = "cohere", SchemaWithTools = false, RefusedOrders = RefusedOrders.AssistantFirst },
        Perplexity,
        // The gateway knows no response format, and an effort of three levels, which it makes a budget of thinking of.
        WithModels(
            new()
            {
                Name = "bedrock",
                CallIds = "^[A-Za-z0-9_-]{1,64}$",
                RefusedOrders = Alternating,
                StructuredOutput = StructuredOutput.Words,
                SchemaWithTools = false,
            },
            ("*claude-3-7*", GatewayEffort),
            ("*claude-sonnet-4*", GatewayEffort),
            ("*claude-opus-4*", GatewayEffort)),
        new()
        {
            Name = "ollama",
            ReturnedReasoning = ReturnedReasoning.Thinking,
            PromptCaching = PromptCaching.Automatic,
            EffortForm = EffortForm.Think,
            Timeouts = Local,
        },
        new() { Name = "lmstudio", RefusedOrders = Alternating, Timeouts = Local },
        new()
        {
            Name = "vllm",
            CallIds = NineLettersOrDigits,
            RefusedOrders = Alternating,
            ReturnedReasoning = ReturnedReasoning.WithCalls,
            PromptCaching = PromptCaching.Automatic,
            Timeouts = Local,
        },
        new() { Name = "llamacpp", CallIds = NineLettersOrDigits, RefusedOrders = Alternating, SchemaWithTools = false, PromptCaching = PromptCaching.Automatic, Timeouts = Local },
        Unknown,
    ];

    /// <summary>The profile of this name; null for an unknown one.</summary>
    public static ProviderProfile? Find(string name) =>
        All.FirstOrDefault(profile => string.Equals(profile.Name, name, StringComparison.OrdinalIgnoreCase));

    private static ProviderProfile Reasoning(ProviderProfile profile) => profile with { RefusedFields = ["temperature"] };

    private static ProviderProfile GatewayEffort(ProviderProfile profile) =>
        profile with { EffortForm = EffortForm.Field, Efforts = new(null, "low", "medium", "high", "high") };

    private static ProviderProfile Adaptive(ProviderProfile profile) =>
        profile with { EffortForm = EffortForm.Adaptive, RefusedFields = ["temperature"] };

    private static ProviderProfile AlwaysThinking(ProviderProfile profile) =>
        Adaptive(profile) with { Efforts = EffortLevels.Standard with { None = "low" } };

    private static ProviderProfile WithModels(
        ProviderProfile profile, params (string Pattern, Func<ProviderProfile, ProviderProfile> Change)[] models) =>
        profile with { Models = [.. models.Select(model => new ModelProfile(model.Pattern, model.Change(profile)))] };
}
