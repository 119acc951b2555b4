using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>Reads what a tool that is an agent is called with.</summary>
internal static class AgentArguments
{
    /// <summary>The key by which a repeated call finds the run of the first; the header of <c>/api</c> does the same.</summary>
    private const string IdempotencyKey = "yggdrasil/idempotencyKey";

    /// <exception cref="InvalidRequestException">They are not those of an agent; every mistake is named.</exception>
    public static StartRun Parse(JsonElement arguments)
    {
        var fields = new JsonFields(arguments, new FieldErrors());
        var input = fields.String("input", RunRequest.MaxInputBytes);
        fields.Errors.Require(!string.IsNullOrWhiteSpace(input), "input", "Is required: what the agent is to do, as a string.");
        var conversation = RunRequest.ReadConversation(fields);
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return new StartRun { Input = [new ChatMessage(ChatRole.User, input)], ConversationId = conversation };
    }

    /// <exception cref="InvalidRequestException">A key is not 1 to 128 visible ASCII characters.</exception>
    public static Idempotency? ReadIdempotency(HttpRequest request, JsonObject? meta, string agent, JsonElement arguments)
    {
        // Ids of requests and tokens of progress differ between a call and its repeat; what is asked for does not.
        var (subject, asked) = ($"{agent}/mcp", Encoding.UTF8.GetBytes(arguments.GetRawText()));
        return meta?[IdempotencyKey] is { } sent
            ? RequestHeaders.IdempotencyOf(sent is JsonValue value && value.TryGetValue(out string? key) ? key : "", subject, asked)
            : RequestHeaders.ReadIdempotency(request, subject, asked);
    }
}
