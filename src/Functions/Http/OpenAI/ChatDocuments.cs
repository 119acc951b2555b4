using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>Runs as chat completions.</summary>
internal static class ChatDocuments
{
    /// <summary>A whole completion.</summary>
    public static JsonObject Completion(SegmentReading read)
    {
        var run = read.Run;
        var texts = read.Steps.Where(step => step.Kind == OutlineKind.Answer).Select(step => step.Entry.Text()).Where(text => text.Length > 0);
        var said = HasSchema(run) ? run.Output ?? "" : string.Join("\n\n", texts);
        var message = new JsonObject
        {
            ["role"] = "assistant",
            ["content"] = run.StopReason == StopReason.Refused || (read.End is not null && said.Length == 0) ? null : said,
            ["refusal"] = run.StopReason == StopReason.Refused ? run.Output ?? "" : null,
            ["annotations"] = new JsonArray(),
        };
        if (read.End is not null)
        {
            message["tool_calls"] = new JsonArray(
                [.. read.Steps.Where(step => step.Kind == OutlineKind.ClientCall).Select(step => (JsonNode)Call(run.Id, step.CallId!, step.Call!))]);
        }

        var choice = new JsonObject
        {
            ["index"] = 0, ["message"] = message, ["logprobs"] = null, ["finish_reason"] = read.End is null ? FinishOf(run) : ToolCalls,
        };
        return Frame(run, "chat.completion", choice, Usage(read.End?.Tokens ?? read.Rest));
    }

    /// <summary>A call that the caller is to make.</summary>
    public static JsonObject Call(string runId, string callId, FunctionCallContent call) => new()
    {
        ["id"] = ItemId.CallOf(runId, callId),
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = ResponseItems.Arguments(call) },
    };

    /// <summary>Why a completion ends that asks its caller for something.</summary>
    public const string ToolCalls = "tool_calls";

    /// <summary>A piece of a completion that is streamed.</summary>
    /// <param name="delta">Null for the piece that has the usage.</param>
    public static JsonObject Chunk(Run run, JsonObject? delta, string? finish = null, JsonObject? usage = null) => Frame(
        run, "chat.completion.chunk",
        delta is null ? null : new JsonObject { ["index"] = 0, ["delta"] = delta, ["logprobs"] = null, ["finish_reason"] = finish }, usage);

    public static JsonObject Usage(SegmentTokens used) => new()
    {
        ["prompt_tokens"] = used.Input,
        ["completion_tokens"] = used.Output,
        ["total_tokens"] = used.Input + used.Output,
        ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = used.Cached, ["audio_tokens"] = 0 },
        ["completion_tokens_details"] = new JsonObject { ["reasoning_tokens"] = used.Reasoning, ["audio_tokens"] = 0 },
    };

    /// <summary>Only the last answer fits a schema, so what was said before it is left out.</summary>
    public static bool HasSchema(Run run) => run.Agent.ResponseSchema is not null;

    public static string FinishOf(Run run) => run.StopReason switch
    {
        StopReason.MaxOutputTokens or StopReason.MaxTurns or StopReason.MaxToolCalls => "length",
        StopReason.ContentFilter => "content_filter",
        _ => "stop",
    };

    /// <summary>Why a run that has ended has no answer; null where it has one.</summary>
    public static ProblemException? FindFailure(Run run) => run switch
    {
        { Status: RunStatus.Completed } or { StopReason: StopReason.Refused or StopReason.ContentFilter } => null,
        { StopReason: StopReason.Quota } => new RunEndedException("quota_exceeded", run.Error?.Message ?? "The quota is used up."),
        { StopReason: StopReason.Deadline } => new RunEndedException("deadline_exceeded", "The run did not end in time."),
        { Error: { Code: "provider_unavailable" } error } => new ProviderUnavailableException(error.Message, retryAfter: null),
        { Error: { } error } => new RunEndedException(error.Code, error.Message),
        _ => new RunEndedException(ContractJson.Name(run.Status), $"The run ended as {ContractJson.Name(run.Status)}."),
    };

    private static JsonObject Frame(Run run, string kind, JsonObject? choice, JsonObject? usage) => new()
    {
        ["id"] = $"chatcmpl-{ItemId.Suffix(run.Id)}",
        ["object"] = kind,
        ["created"] = run.CreatedAt.ToUnixTimeSeconds(),
        ["model"] = run.AgentId,
        ["service_tier"] = "default",
        ["system_fingerprint"] = null,
        ["choices"] = choice is null ? new JsonArray() : [choice],
        ["usage"] = usage,
    };
}
