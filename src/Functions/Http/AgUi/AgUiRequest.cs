using System.Globalization;
using System.Text;
using System.Text.Json;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.AgUi;

/// <summary>AG-UI's <c>RunAgentInput</c>. Its state and forwarded properties mean nothing to an agent here and are ignored.</summary>
/// <param name="RunId">What the caller calls the run.</param>
/// <param name="Answers">To what a run waits for: results of the caller's tools, and decisions.</param>
/// <param name="Start">What is to be run, but for its input.</param>
internal sealed record AgUiRequest(ChatState Chat, string RunId, IReadOnlyList<InputItem> Answers, StartRun Start, ReadOnlyMemory<byte> Sent)
{
    /// <summary>The largest body, in bytes: whole threads are sent.</summary>
    private const int MaxBodyBytes = 8 * 1024 * 1024;

    private const int MaxContext = 100;
    private const int MaxIdLength = 256;

    /// <exception cref="InvalidRequestException">The body is not a valid request; the field is named.</exception>
    public static async Task<AgUiRequest> ReadAsync(HttpRequest request)
    {
        var sent = await RequestBody.ReadAsync(request, MaxBodyBytes);
        var fields = new JsonFields(RequestBody.ParseObject(sent), new FieldErrors());
        var (thread, run) = (fields.String("threadId") ?? "", fields.String("runId") ?? "");
        fields.Errors.Require(Ids.IsValid(thread), "threadId", "Is required: the thread's id, [A-Za-z0-9][A-Za-z0-9_-]{0,63}.");
        fields.Errors.Require(run.Length is > 0 and <= MaxIdLength, "runId", $"Is required: 1 to {MaxIdLength} characters.");
        foreach (var ignored in (string[])["state", "forwardedProps", "parentRunId", "protocolVersion"])
        {
            fields.Get(ignored);
        }

        var list = fields.Get("messages") ?? default;
        var tools = ReadTools(fields);
        var (context, answers) = (ReadContext(fields), ReadResume(fields));
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        var messages = new AgUiMessages();
        messages.AddAll(list);
        string[] said = [.. new[] { messages.Instructions, context }.OfType<string>()];
        return new AgUiRequest(
            new ChatState(thread, messages.Items, IsWhole: true, messages.LastRun), run, [.. messages.Answers, .. answers],
            new StartRun
            {
                Input = [],
                InputIsList = true,
                Stream = true,
                ClientTools = tools,
                Overrides = new RunOverrides { Instructions = said.Length > 0 ? string.Join("\n\n", said) : null },
            },
            sent);
    }

    private static List<ClientTool> ReadTools(JsonFields fields)
    {
        List<ClientTool> tools = [];
        foreach (var (place, tool) in Objects(fields, "tools", AgentValidator.MaxTools))
        {
            var inner = new JsonFields(tool, fields.Errors, $"{place}.");
            tools.Add(new ClientTool(inner.String("name") ?? "", inner.String("description"), inner.Object("parameters")));
        }

        return tools;
    }

    /// <summary>What the page tells the agent beside the messages.</summary>
    private static string? ReadContext(JsonFields fields)
    {
        var said = new StringBuilder();
        foreach (var (place, item) in Objects(fields, "context", MaxContext))
        {
            var inner = new JsonFields(item, fields.Errors, $"{place}.");
            said.Append(inner.String("description")).Append(": ").AppendLine(inner.String("value"));
        }

        return said.Length > 0 ? said.ToString().TrimEnd() : null;
    }

    private static List<InputItem> ReadResume(JsonFields fields)
    {
        List<InputItem> answers = [];
        foreach (var (place, item) in Objects(fields, "resume", AgentValidator.MaxTools))
        {
            var inner = new JsonFields(item, fields.Errors, $"{place}.");
            var (id, status) = (inner.String("interruptId") ?? "", inner.String("status"));
            fields.Errors.Require(status is "resolved" or "cancelled", $"{place}.status", "Must be resolved or cancelled.");
            var payload = new JsonFields(inner.Object("payload") ?? JsonElement.Parse("{}"), fields.Errors, $"{place}.payload.");
            var approved = payload.Boolean("approved");
            fields.Errors.Require(
                status == "cancelled" || approved is not null, $"{place}.payload.approved", "Is required: whether the call may be made.");
            answers.Add(new InputItem(InputKind.Approval, place, id, Text: payload.String("reason"), Approves: status == "resolved" && approved == true));
        }

        return answers;
    }

    private static IEnumerable<(string Place, JsonElement Item)> Objects(JsonFields fields, string field, int most)
    {
        if (fields.Get(field) is not { } list)
        {
            yield break;
        }

        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > most)
        {
            fields.Errors.Add(field, $"Must be a list of at most {most} items.");
            yield break;
        }

        foreach (var (index, item) in list.EnumerateArray().Index())
        {
            var place = $"{field}[{index.ToString(CultureInfo.InvariantCulture)}]";
            if (item.ValueKind == JsonValueKind.Object)
            {
                yield return (place, item);
            }
            else
            {
                fields.Errors.Add(place, "Must be an object.");
            }
        }
    }
}
