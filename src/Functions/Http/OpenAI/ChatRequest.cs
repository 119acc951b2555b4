using System.Collections.Frozen;
using System.Text.Json;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>A request for a chat completion.</summary>
/// <param name="Start">What is to be run.</param>
/// <param name="IsStored">The run is to be kept.</param>
internal sealed record ChatRequest(string Model, StartRun Start, bool Stream, bool IncludeUsage, bool IsStored, ReadOnlyMemory<byte> Sent)
{
    private static readonly FieldTable Table = new(
        FrozenSet.Create(
            "model", "messages", "stream", "stream_options", "response_format", "max_tokens", "max_completion_tokens", "temperature",
            "reasoning_effort", "tool_choice", "tools", "metadata", "store"),
        FrozenSet.Create("user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "seed"),
        new Dictionary<string, Func<JsonElement, bool>>
        {
            ["n"] = value => OpenAIFields.IsNumber(value, 1),
            ["top_p"] = value => OpenAIFields.IsNumber(value, 1),
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
        var model = OpenAIFields.ReadModel(fields);
        var (messages, instructions) = OpenAIFields.ReadMessages(fields.Get("messages") ?? default, "messages", instructions: null);
        OpenAIFields.ReadTools(fields);
        var stream = fields.Boolean("stream") ?? false;
        var options = fields.Object("stream_options");
        var (most, old) = (fields.Integer("max_completion_tokens"), fields.Integer("max_tokens"));
        var read = new ChatRequest(
            model,
            new StartRun
            {
                Input = messages,
                InputIsList = true,
                Stream = stream,
                Metadata = RunRequest.ReadMetadata(fields),
                Overrides = new RunOverrides
                {
                    Instructions = instructions,
                    Temperature = fields.Number("temperature"),
                    MaxOutputTokens = most ?? old,
                    ReasoningEffort = OpenAIFields.ReadEffort(fields.String("reasoning_effort"), "reasoning_effort"),
                    ResponseSchema = OpenAIFields.ReadSchema(fields.Get("response_format"), "response_format", "json_schema"),
                    ToolChoice = OpenAIFields.ReadToolChoice(fields),
                },
            },
            stream,
            options is { } given && given.TryGetProperty("include_usage", out var usage) && usage.ValueKind == JsonValueKind.True,
            fields.Boolean("store") ?? false,
            sent);
        fields.Errors.ThrowIfAny();
        return read;
    }
}
