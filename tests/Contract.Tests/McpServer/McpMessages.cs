using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Yggdrasil.Contract.Tests.McpServer;

/// <summary>Messages to the MCP server as they are on the wire, for what no client would send.</summary>
internal static class McpMessages
{
    public const string Current = "2026-07-28";
    public const string Tasks = "io.modelcontextprotocol/tasks";

    /// <summary>Any body, with the headers that every client sends.</summary>
    public static async Task<HttpResponseMessage> PostMcpAsync(this HttpClient http, string body, params (string Name, string Value)[] headers)
    {
        using var request = Request(new StringContent(body, Encoding.UTF8, "application/json"), headers);
        return await http.SendAsync(request);
    }

    /// <summary>A request of the current revision, from a client that has nothing but what is said here.</summary>
    public static HttpRequestMessage CurrentRequest(string method, JsonObject? parameters, bool tasks, bool asks, params (string Name, string Value)[] headers)
    {
        parameters = (JsonObject?)parameters?.DeepClone() ?? [];
        var name = (string?)(parameters["name"] ?? parameters["taskId"]);
        var meta = (JsonObject?)parameters["_meta"]?.DeepClone() ?? [];
        var capabilities = new JsonObject();
        if (tasks)
        {
            capabilities["extensions"] = new JsonObject { [Tasks] = new JsonObject() };
        }

        if (asks)
        {
            capabilities["elicitation"] = new JsonObject();
        }

        meta["io.modelcontextprotocol/protocolVersion"] = Current;
        meta["io.modelcontextprotocol/clientCapabilities"] = capabilities;
        parameters["_meta"] = meta;
        var message = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 7, ["method"] = method, ["params"] = parameters };
        (string, string)[] named = name is null ? [] : [("Mcp-Name", name)];
        return Request(
            new StringContent(message.ToJsonString(), Encoding.UTF8, "application/json"),
            [("MCP-Protocol-Version", Current), ("Mcp-Method", method), .. named, .. headers]);
    }

    /// <summary>Sends a request of the current revision and reads all that comes back; the last message is the answer.</summary>
    public static async Task<IReadOnlyList<JsonElement>> AllFromMcpAsync(
        this HttpClient http, string method, JsonObject? parameters, bool tasks = false, bool asks = true, params (string Name, string Value)[] headers)
    {
        using var request = CurrentRequest(method, parameters, tasks, asks, headers);
        using var response = await http.SendAsync(request);
        return Messages(await response.Content.ReadAsStringAsync());
    }

    /// <summary>The answer to a request of the current revision: a result or an error.</summary>
    public static async Task<JsonElement> FromMcpAsync(
        this HttpClient http, string method, JsonObject? parameters, bool tasks = false, bool asks = true, params (string Name, string Value)[] headers) =>
        (await http.AllFromMcpAsync(method, parameters, tasks, asks, headers))[^1];

    /// <summary>The parameters of a call.</summary>
    public static JsonObject Call(string agent, string input, JsonObject? meta = null) => new()
    {
        ["name"] = agent,
        ["arguments"] = new JsonObject { ["input"] = input },
        ["_meta"] = meta,
    };

    /// <summary>The messages of a stream, or the one that is the whole body.</summary>
    public static IReadOnlyList<JsonElement> Messages(string body) =>
    [
        .. body.StartsWith('{')
            ? [JsonElement.Parse(body)]
            : body.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => JsonElement.Parse(line["data: ".Length..])),
    ];

    /// <summary>What the text of a result says.</summary>
    public static string Said(this JsonElement answer) => answer.GetProperty("result").GetProperty("content")[0].Text("text");

    public static bool IsError(this JsonElement answer) =>
        answer.GetProperty("result").TryGetProperty("isError", out var isError) && isError.GetBoolean();

    public static string RunId(this JsonElement answer) => answer.GetProperty("result").GetProperty("_meta").Text("yggdrasil/runId");

    private static HttpRequestMessage Request(HttpContent content, IReadOnlyList<(string Name, string Value)> headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = content };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }
}
