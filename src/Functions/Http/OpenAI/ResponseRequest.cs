using System.Collections.Frozen;
using System.Text.Json;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>A request for a response.</summary>
/// <param name="Model">The agent.</param>
/// <param name="Start">What is to be run; its input is made of <paramref name="Input"/>.</param>
/// <param name="Previous">The response that it goes on from: its run, and which part of it.</param>
internal sealed record ResponseRequest(
    string Model, OpenAIInput Input, StartRun Start, bool Stream, bool IsBackground, bool IsStored, (string RunId, int Segment)? Previous, ReadOnlyMemory<byte> Sent)
{
    private const string PreviousId = "previous_response_id";

    private static readonly FieldTable Table = new(
        FrozenSet.Create(
            "model", "input", "instructions", "stream", "background", "store", "metadata", "conversation", PreviousId, "text", "tools", "tool_choice",
            "temperature", "top_p", "reasoning", "max_output_tokens", "max_tool_calls"),
        FrozenSet.Create("include", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "stream_options"),
        new Dictionary<string, Func<JsonElement, bool>>
        {
            ["top_logprobs"] = value => OpenAIFields.IsNumber(value, 0),
            ["parallel_tool_calls"] = value => value.ValueKind == JsonValueKind.True,
            ["service_tier"] = value => OpenAIFields.IsText(value, "auto", "default"),
            ["truncation"] = value => OpenAIFields.IsText(value, "auto", "disabled"),
        }.ToFrozenDictionary(),
        FrozenSet.Create("prompt", "context_management", "moderation"));

    /// <exception cref="InvalidRequestException">The body is not a valid request; the field is named.</exception>
    public static async Task<ResponseRequest> ReadAsync(HttpRequest request)
    {
        var (fields, sent) = await OpenAIFields.ReadAsync(request, Table);
        var (agent, model) = OpenAIFields.ReadModel(fields);
        var input = ReadInput(fields);
        var tools = OpenAITools.Read(fields, isNested: false);
        var (choice, required) = OpenAITools.ReadChoice(fields, isNested: false);
        var (stream, background, store) = (fields.Boolean("stream") ?? false, fields.Boolean("background") ?? false, fields.Boolean("store") ?? true);
        var (conversation, previous) = (ReadConversation(fields), fields.String(PreviousId));
        var read = new ResponseRequest(
            agent,
            input,
            new StartRun
            {
                Input = [],
                InputIsList = true,
                Stream = stream,
                ConversationId = conversation,
                Metadata = RunRequest.ReadMetadata(fields),
                ClientTools = tools,
                Overrides = new RunOverrides
                {
                    // What is not to be kept is there until its last call is answered, and goes with the first sweep after that.
                    RetentionDays = store ? null : 1,
                    Instructions = input.Instructions,
                    Model = model,
                    Temperature = fields.Number("temperature"),
                    TopP = fields.Number("top_p"),
                    MaxOutputTokens = fields.Integer("max_output_tokens"),
                    MaxToolCalls = fields.Integer("max_tool_calls"),
                    ReasoningEffort = ReadEffort(fields),
                    ResponseSchema = fields.Object("text") is { } text && text.TryGetProperty("format", out var format) && format.ValueKind != JsonValueKind.Null
                        ? OpenAIFields.ReadSchema(format, "text.format", inner: null)
                        : null,
                    ToolChoice = choice,
                    RequiredTool = required,
                },
            },
            stream,
            background,
            store,
            previous is null ? null : ResponseItems.RunOf(previous) ?? throw NoResponse(previous),
            sent);
        fields.Errors.Require(conversation is null || previous is null, "conversation", $"Must not stand beside {PreviousId}.");
        fields.Errors.Require(store || !background, "background", "Needs store: a response that is not kept cannot be read later.");
        fields.Errors.Require(store || (conversation is null && previous is null), "store", "A response of a conversation, or after another one, is kept.");
        fields.Errors.ThrowIfAny();
        return read;
    }

    public static NotFoundException NoResponse(string id) => new($"There is no response \"{id}\".") { Reason = "response_not_found" };

    private static OpenAIInput ReadInput(JsonFields fields)
    {
        var instructions = fields.String("instructions");
        return fields.Get("input") switch
        {
            { ValueKind: JsonValueKind.String } => OpenAIInput.OfText(RunRequest.ReadInput(fields) is [var message] ? message.Text : "", instructions),
            { } list => OpenAIItems.Read(list, "input", instructions),
            null => throw new InvalidRequestException("input", "Is required: a text, or a list of messages that ends with a user's."),
        };
    }

    private static EffortLevel? ReadEffort(JsonFields fields) =>
        fields.Object("reasoning") is { } reasoning && reasoning.TryGetProperty("effort", out var effort) && JsonFields.TryGetText(effort, out var text)
            ? OpenAIFields.ReadEffort(text, "reasoning.effort")
            : null;

    private static string? ReadConversation(JsonFields fields)
    {
        var conversation = fields.Get("conversation");
        if (conversation is { ValueKind: JsonValueKind.Object } named && named.TryGetProperty("id", out var inner))
        {
            conversation = inner;
        }

        return conversation is null ? null
            : JsonFields.TryGetText(conversation.Value, out var id) ? id
            : throw new InvalidRequestException("conversation", "Must be the id of a conversation, or an object with one.");
    }
}
