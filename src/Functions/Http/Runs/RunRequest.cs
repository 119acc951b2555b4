using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.Runs;

/// <summary>Reads the bodies of requests that start runs.</summary>
internal static class RunRequest
{
    /// <summary>What may be asked in one request, in bytes of UTF-8.</summary>
    public const int MaxInputBytes = 256 * 1024;

    /// <summary>The messages of one request.</summary>
    public const int MaxMessages = 1000;

    private const string Input = "input";
    private const int MaxMetadata = 16;
    private const int MaxMetadataName = 64;
    private const int MaxMetadataValue = 512;

    /// <param name="asEvents">The answer is to be a stream of events: what models say is in it unless the request says no.</param>
    /// <exception cref="InvalidRequestException">The body is not a valid run request; every mistake is named.</exception>
    public static StartRun Parse(ReadOnlyMemory<byte> body, bool asEvents)
    {
        var fields = new JsonFields(RequestBody.ParseObject(body), new FieldErrors());
        var request = Read(fields) with
        {
            Stream = StreamsAs(asEvents, fields),
            ConversationId = ReadConversation(fields),
            OnConflict = ReadOnConflict(fields),
            CallbackUrl = ReadCallback(fields),
            ClientTools = ReadClientTools(fields),
        };
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return request;
    }

    /// <summary>An inline run is in no conversation, and nobody is told of its end who does not wait for it.</summary>
    /// <param name="asEvents">The answer is to be a stream of events: what models say is in it unless the request says no.</param>
    /// <exception cref="InvalidRequestException">The body is not a valid request for an inline run; every mistake is named.</exception>
    public static StartRun ParseInline(ReadOnlyMemory<byte> body, bool asEvents)
    {
        var fields = new JsonFields(RequestBody.ParseObject(body), new FieldErrors());
        var request = Read(fields) with { Stream = asEvents && StreamsAs(asEvents, fields) };
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return request;
    }

    /// <exception cref="InvalidRequestException">The body is not a valid request for a fork; every mistake is named.</exception>
    public static ForkRun ParseFork(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonFields(RequestBody.ParseObject(body), new FieldErrors());
        var fromTurn = fields.Integer("fromTurn");
        fields.Errors.Require(fields.Get("fromTurn") is not null, "fromTurn", "Is required: the first turn that is made anew, from 1.");
        var input = fields.Get(Input) is null ? null : ReadText(fields);
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return new ForkRun(fromTurn!.Value, input);
    }

    /// <summary>Who asks for events is told what models say while they say it, unless the request says no.</summary>
    private static bool StreamsAs(bool asEvents, JsonFields fields) => fields.Get("stream") switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => asEvents,
    };

    private static StartRun Read(JsonFields fields) => ReadSettings(fields) with
    {
        Input = ReadInput(fields),
        InputIsList = fields.Get(Input) is { ValueKind: JsonValueKind.Array },
        Stream = fields.Boolean("stream") ?? false,
    };

    /// <summary>What a run has besides its input, where that is said in another protocol.</summary>
    public static StartRun ReadBesideInput(JsonFields fields) => ReadSettings(fields) with { ClientTools = ReadClientTools(fields) };

    private static StartRun ReadSettings(JsonFields fields) => new()
    {
        Input = [],
        MaxTurns = fields.Integer("maxTurns"),
        DeadlineSeconds = fields.Integer("deadlineSeconds"),
        Overrides = ReadOverrides(fields),
        Metadata = ReadMetadata(fields),
    };

    /// <summary>The conversation that what is asked for continues.</summary>
    public static string? ReadConversation(JsonFields fields)
    {
        const string Field = "conversationId";
        if (fields.String(Field) is not { } id)
        {
            return null;
        }

        fields.Errors.Require(Ids.IsValid(id), Field, "An id is [A-Za-z0-9][A-Za-z0-9_-]{0,63}.");
        fields.Errors.Require(
            fields.Get(Input) is not { ValueKind: JsonValueKind.Array }, Input, "Must be a string: what came before is in the conversation.");
        return id;
    }

    private static OnConflict ReadOnConflict(JsonFields fields)
    {
        const string Field = "onConflict";
        var choice = fields.Choice<OnConflict>(Field) ?? OnConflict.Reject;
        fields.Errors.Require(
            choice == OnConflict.Reject || fields.Get("conversationId") is not null,
            Field,
            "Names what to do with another run of the conversation, so it needs a conversationId; only reject may stand without one.");
        return choice;
    }

    /// <summary>Where a message is to go; what may stand there is checked when the run is started.</summary>
    public static string? ReadCallback(JsonFields fields)
    {
        const string Field = "callback";
        if (fields.Object(Field) is not { } callback)
        {
            return null;
        }

        var inner = new JsonFields(callback, fields.Errors, $"{Field}.");
        var url = inner.String("url");
        fields.Errors.Require(inner.Get("url") is not null, inner.PathOf("url"), "Is required.");
        inner.RejectOthers();
        return url;
    }

    /// <summary>What a model is to answer; empty where it is not valid.</summary>
    public static List<ChatMessage> ReadInput(JsonFields fields)
    {
        switch (fields.Get(Input))
        {
            case null:
                fields.Errors.Add(fields.PathOf(Input), "Is required: a string, or a list of messages that ends with a user's.");
                return [];
            case { ValueKind: JsonValueKind.String }:
                return [new ChatMessage(ChatRole.User, ReadText(fields))];
            case { ValueKind: JsonValueKind.Array } list:
                return ReadMessages(list, fields.PathOf(Input), fields.Errors);
            default:
                fields.Errors.Add(fields.PathOf(Input), "Must be a string or a list of messages.");
                return [];
        }
    }

    private static string ReadText(JsonFields fields)
    {
        var text = fields.String(Input, MaxInputBytes);
        fields.Errors.Require(text is null || !string.IsNullOrWhiteSpace(text), fields.PathOf(Input), "Must not be empty.");
        return text ?? "";
    }

    private static List<ChatMessage> ReadMessages(JsonElement list, string field, FieldErrors errors)
    {
        List<ChatMessage> messages = [];
        errors.Require(list.GetArrayLength() is > 0 and <= MaxMessages, field, $"Must hold 1 to {MaxMessages} messages.");
        foreach (var (index, item) in list.EnumerateArray().Take(MaxMessages).Index())
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                errors.Add($"{field}[{index}]", "Must be an object with role and content.");
                continue;
            }

            var message = new JsonFields(item, errors, $"{field}[{index}].");
            var role = message.String("role");
            var content = message.String("content");
            errors.Require(role is "user" or "assistant", message.PathOf("role"), "Must be user or assistant; instructions belong to the agent.");
            errors.Require(!string.IsNullOrWhiteSpace(content), message.PathOf("content"), "Must not be empty.");
            message.RejectOthers();
            messages.Add(new ChatMessage(role == "assistant" ? ChatRole.Assistant : ChatRole.User, content));
        }

        errors.Require(messages.Count == 0 || messages[^1].Role == ChatRole.User, field, "Must end with a user message.");
        errors.Require(messages.Sum(message => Encoding.UTF8.GetByteCount(message.Text)) <= MaxInputBytes, field, "At most 256 KiB of UTF-8.");
        return messages;
    }

    /// <summary>What one run has besides its agent; the rules are checked when the run is started.</summary>
    private static RunOverrides ReadOverrides(JsonFields fields) => new()
    {
        Model = fields.String("model"),
        Instructions = fields.String("instructions"),
        TopP = fields.Number("topP"),
        Temperature = fields.Number("temperature"),
        MaxOutputTokens = fields.Integer("maxOutputTokens"),
        MaxToolCalls = fields.Integer("maxToolCalls"),
        ReasoningEffort = fields.Choice<EffortLevel>("reasoningEffort"),
        ResponseSchema = fields.Object("responseSchema"),
        ToolChoice = fields.Choice<ToolChoice>("toolChoice"),
    };

    /// <summary>The tools that the caller makes; the rules are checked when the run is started.</summary>
    private static List<ClientTool> ReadClientTools(JsonFields fields)
    {
        const string Field = "clientTools";
        List<ClientTool> tools = [];
        if (fields.Get(Field) is not { } list)
        {
            return tools;
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > AgentValidator.MaxTools)
        {
            fields.Errors.Add(Field, $"Must be a list of at most {AgentValidator.MaxTools} tools, each with name, description and parameters.");
            return tools;
        }

        foreach (var (index, item) in list.EnumerateArray().Index())
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                fields.Errors.Add($"{Field}[{index}]", "Must be an object with name, description and parameters.");
                continue;
            }

            var tool = new JsonFields(item, fields.Errors, $"{Field}[{index}].");
            tools.Add(new ClientTool(tool.String("name") ?? "", tool.String("description"), tool.Object("parameters")));
            tool.RejectOthers();
        }

        return tools;
    }

    /// <summary>The caller's own notes.</summary>
    public static Dictionary<string, string> ReadMetadata(JsonFields fields)
    {
        const string Field = "metadata";
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        if (fields.Object(Field) is not { } pairs)
        {
            return metadata;
        }

        fields.Errors.Require(pairs.GetPropertyCount() <= MaxMetadata, Field, $"At most {MaxMetadata} pairs.");
        foreach (var pair in pairs.EnumerateObject().Take(MaxMetadata))
        {
            var path = $"{Field}.{pair.Name}";
            fields.Errors.Require(pair.Name.Length is > 0 and <= MaxMetadataName, path, $"A name has 1 to {MaxMetadataName} characters.");
            if (JsonFields.TryGetText(pair.Value, out var value) && value.Length <= MaxMetadataValue)
            {
                metadata[pair.Name] = value;
            }
            else
            {
                fields.Errors.Add(path, $"Must be a string of at most {MaxMetadataValue} characters.");
            }
        }

        return metadata;
    }
}
