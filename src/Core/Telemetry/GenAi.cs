namespace Yggdrasil.Telemetry;

/// <summary>
/// The names of OpenTelemetry's semantic conventions for generative AI, v1.41, as far as they are used here. All of them
/// are here and nowhere else, because the conventions still change.
/// </summary>
/// <remarks>https://github.com/open-telemetry/semantic-conventions/tree/main/docs/gen-ai</remarks>
internal static class GenAi
{
    public const string OperationName = "gen_ai.operation.name";
    public const string ProviderName = "gen_ai.provider.name";
    public const string AgentId = "gen_ai.agent.id";

    /// <summary>The agent's id, which is the name that its owner gave it.</summary>
    public const string AgentName = "gen_ai.agent.name";
    public const string AgentVersion = "gen_ai.agent.version";
    public const string ConversationId = "gen_ai.conversation.id";
    public const string RequestModel = "gen_ai.request.model";
    public const string RequestStream = "gen_ai.request.stream";
    public const string RequestTemperature = "gen_ai.request.temperature";
    public const string RequestMaxTokens = "gen_ai.request.max_tokens";
    public const string OutputType = "gen_ai.output.type";
    public const string ResponseModel = "gen_ai.response.model";
    public const string ResponseId = "gen_ai.response.id";
    public const string ResponseFinishReasons = "gen_ai.response.finish_reasons";
    public const string ResponseTimeToFirstChunk = "gen_ai.response.time_to_first_chunk";
    public const string UsageInputTokens = "gen_ai.usage.input_tokens";
    public const string UsageOutputTokens = "gen_ai.usage.output_tokens";
    public const string UsageCacheReadInputTokens = "gen_ai.usage.cache_read.input_tokens";
    public const string UsageCacheCreationInputTokens = "gen_ai.usage.cache_creation.input_tokens";
    public const string UsageReasoningOutputTokens = "gen_ai.usage.reasoning.output_tokens";
    public const string TokenType = "gen_ai.token.type";
    public const string ToolName = "gen_ai.tool.name";
    public const string ToolType = "gen_ai.tool.type";
    public const string ToolCallId = "gen_ai.tool.call.id";

    /// <summary>Content: set only where <c>Telemetry__IncludeContent</c> asks for it.</summary>
    public const string InputMessages = "gen_ai.input.messages";

    /// <inheritdoc cref="InputMessages"/>
    public const string OutputMessages = "gen_ai.output.messages";

    public const string ErrorType = "error.type";

    /// <summary>Values of <see cref="OperationName"/>, with which the names of spans begin.</summary>
    internal static class Operations
    {
        public const string InvokeAgent = "invoke_agent";
        public const string Chat = "chat";
        public const string ExecuteTool = "execute_tool";
    }

    /// <summary>Values of <see cref="TokenType"/>.</summary>
    internal static class TokenTypes
    {
        public const string Input = "input";
        public const string Output = "output";
    }

    internal static class Metrics
    {
        public const string TokenUsage = "gen_ai.client.token.usage";
        public const string OperationDuration = "gen_ai.client.operation.duration";
        public const string TimeToFirstChunk = "gen_ai.client.operation.time_to_first_chunk";
    }

    /// <summary>What the conventions call a provider that we know under <paramref name="name"/>; our own name for the others.</summary>
    public static string ProviderNameOf(string name) => name switch
    {
        "azure" => "azure.ai.openai",
        "gemini" => "gcp.gemini",
        "mistral" => "mistral_ai",
        _ => name,
    };
}
