using System.Collections.Frozen;
using System.Text.Json;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>A request for a chat completion.</summary>
/// <param name="Model">The agent.</param>
/// <param name="Start">What is to be run; its input is made of <paramref name="Input"/>.</param>
/// <param name="IsStored">The run is to be kept.</param>
internal sealed record ChatRequest(string Model, OpenAIInput Input, StartRun Start, bool Stream, bool IncludeUsage, bool IsStored, ReadOnlyMemory<byte> Sent)
{
    private static readonly FieldTable Table = new(
        FrozenSet.Create(
            "model", "messages", "stream", "stream_options", "response_format", "max_tokens", "max_completion_tokens", "temperature", "top_p",
            "reasoning_effort", "tool_choice", "tools", "metadata", "store"),
        FrozenSet.Create("user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "seed"),
        new Dictionary<string, Func<JsonElement, bool>>
        {
            ["n"] = value => OpenAIFields.IsNumber(value, 1),
            ["presence_penalty"] = value => OpenAIFields.IsNumber(value, 0),
            ["frequency_penalty"] = value => OpenAIFields.IsNumber(value, 0),
            ["top_logprobs"] = value => OpenAIFields.IsNumber(value, 0),
            ["logprobs"] = value => value.ValueKind == JsonValueKind.False,
            ["logit_bias"] = OpenAIFields.IsEmpty,
            ["stop"] = OpenAIFields.IsEmpty,
            ["functions"] = OpenAIFields.IsEmpty,
            ["parallel_tool_calls"] = value => value.ValueKind == JsonValueKind.True,
            ["service_tier"] = value => OpenAIFields.IsText(value, "auto", "default"),
            ["verbosity"] = value => OpenAIFields.IsText(value, "medium"),
            ["modalities"] = value => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => OpenAIFields.IsText(item, "text")),
        }.ToFrozenDictionary(),
        FrozenSet.Create("audio", "function_call", "prediction", "web_search_options"));

    /// <exception cref="Foundation.Problems.InvalidRequestException">The body is not a valid request; the field is named.</exception>
    public static async Task<ChatRequest> ReadAsync(HttpRequest request)
    {
        var (fields, sent) = await OpenAIFields.ReadAsync(request, Table);
        var (agent, model) = OpenAIFields.ReadModel(fields);
        var input = OpenAIItems.Read(fields.Get("messages") ?? default, "messages", instructions: null);
        var tools = OpenAITools.Read(fields, isNested: true);
        var (choice, required) = OpenAITools.ReadChoice(fields, isNested: true);
        var store = fields.Boolean("store") ?? false;
        var stream = fields.Boolean("stream") ?? false;
        var options = fields.Object("stream_options");
        var (most, old) = (fields.Integer("max_completion_tokens"), fields.Integer("max_tokens"));
        var read = new ChatRequest(
            agent,
            input,
            new StartRun
            {
                Input = [],
                InputIsList = true,
                Stream = stream,
                Metadata = RunRequest.ReadMetadata(fields),
                ClientTools = tools,
                Overrides = new RunOverrides
                {
                    // What is not to be kept is there until its last call is answered, and goes with the first sweep after that.
                    RetentionDays = store || tools.Count == 0 ? null : 1,
                    Instructions = input.Instructions,
                    Model = model,
                    Temperature = fields.Number("temperature"),
                    TopP = fields.Number("top_p"),
                    MaxOutputTokens = most ?? old,
                    ReasoningEffort = OpenAIFields.ReadEffort(fields.String("reasoning_effort"), "reasoning_effort"),
                    ResponseSchema = OpenAIFields.ReadSchema(fields.Get("response_format"), "response_format", "json_schema"),
                    ToolChoice = choice,
                    RequiredTool = required,
                },
            },
            stream,
            options is { } given && given.TryGetProperty("include_usage", out var usage) && usage.ValueKind == JsonValueKind.True,
            store,
            sent);
        fields.Errors.ThrowIfAny();
        return read;
    }
}
