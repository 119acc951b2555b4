namespace Yggdrasil.Models.Profiles;

/// <summary>Orders of messages that a provider refuses.</summary>
[Flags]
public enum RefusedOrders
{
    None = 0,

    /// <summary>A user's message right after a tool's result: an assistant's message is put between.</summary>
    UserAfterTool = 1,

    /// <summary>Two messages of users in a row: they become one.</summary>
    ConsecutiveUsers = 2,

    /// <summary>An assistant's message before any of a user: a user's message is put before it.</summary>
    AssistantFirst = 4,
}

/// <summary>How a request asks for an answer that fits a schema. Answers are validated in any case.</summary>
public enum StructuredOutput
{
    /// <summary>The schema in the system message, and nothing else.</summary>
    Words,

    /// <summary>Any JSON object, with the schema in the system message.</summary>
    JsonObject,

    /// <summary>The schema itself.</summary>
    JsonSchema,
}

/// <summary>Which reasoning of its own a model gets back with the conversation. Reasoning of another model is never sent.</summary>
public enum ReturnedReasoning
{
    None,

    /// <summary>That of messages which call tools, as <c>reasoning_content</c>.</summary>
    WithCalls,

    /// <summary>That of every message, as <c>reasoning_content</c>.</summary>
    Always,

    /// <summary>The list of <c>reasoning_details</c>, signatures included, of messages which call tools.</summary>
    Details,

    /// <summary>Thinking blocks with their signatures.</summary>
    Blocks,

    /// <summary>The field <c>thinking</c> of messages which call tools.</summary>
    Thinking,
}

/// <summary>How a provider's prompt cache is used.</summary>
public enum PromptCaching
{
    None,

    /// <summary>The provider looks for equal beginnings by itself.</summary>
    Automatic,

    /// <summary>The same, and <c>prompt_cache_key</c> says which requests belong together.</summary>
    Key,

    /// <summary><c>cache_control</c> on tools, system and the last messages.</summary>
    Marks,
}

/// <summary>How the reasoning effort of an agent is passed on.</summary>
public enum EffortForm
{
    /// <summary>Not at all: the provider, or the model, would refuse it.</summary>
    None,

    /// <summary>As <c>reasoning_effort</c>.</summary>
    Field,

    /// <summary>As <c>reasoning.effort</c>.</summary>
    Nested,

    /// <summary>As <c>thinking.type</c> <c>disabled</c>, or else as <c>reasoning_effort</c>.</summary>
    Switch,

    /// <summary>As <c>thinking.budget_tokens</c>: 1,024, 8,192, 16,384 or 32,768, and at most half of the answer's tokens.</summary>
    Budget,

    /// <summary>As <c>output_config.effort</c> with adaptive thinking.</summary>
    Adaptive,

    /// <summary>As <c>think</c>.</summary>
    Think,
}
