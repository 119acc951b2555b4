using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Yggdrasil.Fixtures;

/// <summary>
/// An MCP server whose tools a test changes while it runs: it answers <c>server/discover</c>, <c>tools/list</c> and <c>tools/call</c> of
/// revision 2026-07-28, and records what it was asked.
/// </summary>
public sealed class McpToolServer : IAsyncDisposable
{
    private const string Revision = "2026-07-28";

    private readonly RequestLog<McpToolRequest> _requests = new();
    private volatile JsonArray _tools = [];
    private volatile Func<McpToolRequest, JsonNode> _answer = _ => Text("done");
    private volatile Func<HttpContext, McpToolRequest, CancellationToken, Task<bool>> _instead = (_, _, _) => Task.FromResult(false);
    private LoopbackServer? _server;

    private McpToolServer()
    {
    }

    public Uri Address => new(_server!.Address, "mcp");

    /// <summary>All requests so far, in order of arrival.</summary>
    public IReadOnlyList<McpToolRequest> Requests => _requests.Entries;

    public IEnumerable<McpToolRequest> Calls => Requests.Where(request => request.Method == "tools/call");

    /// <summary>How long lists hold, in milliseconds; null to say nothing of it.</summary>
    public long? TtlMs { get; set; }

    public static async Task<McpToolServer> StartAsync(params string[] tools)
    {
        var server = new McpToolServer();
        server.Offer(tools);
        server._server = await LoopbackServer.StartAsync(server.HandleAsync);
        return server;
    }

    /// <summary>Offers these tools from now on, each as JSON.</summary>
    public void Offer(params IEnumerable<string> tools) => _tools = new JsonArray([.. tools.Select(tool => JsonNode.Parse(tool))]);

    /// <summary>Answers calls so from now on.</summary>
    public void Answer(Func<McpToolRequest, JsonNode> answer) => _answer = answer;

    /// <summary>Handles requests in its place from now on; what answers false is answered as usual.</summary>
    public void Intercept(Func<HttpContext, McpToolRequest, CancellationToken, Task<bool>> instead) => _instead = instead;

    /// <summary>A tool of one optional text.</summary>
    public static string Tool(string name, string description = "A tool.", string annotations = """{"readOnlyHint":true}""") =>
        $$$"""{"name":"{{{name}}}","description":{{{JsonSerializer.Serialize(description)}}},"inputSchema":{"type":"object","properties":{"text":{"type":"string"} } },"annotations":{{{annotations}}} }""";

    public static JsonNode Text(string text) =>
        new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }), ["resultType"] = "complete" };

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(context.Request.Body);
        var message = JsonNode.Parse(await reader.ReadToEndAsync(cancellationToken)) as JsonObject;
        var headers = context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var request = _requests.Add(_ => new McpToolRequest(message?["method"]?.GetValue<string>() ?? "", message?["params"] as JsonObject ?? [], headers, message?["id"]?.ToJsonString() ?? "null"));
        if (await _instead(context, request, cancellationToken))
        {
            return;
        }

        var result = request.Method switch
        {
            "server/discover" => new JsonObject
            {
                ["supportedVersions"] = new JsonArray(Revision), ["capabilities"] = new JsonObject { ["tools"] = new JsonObject() },
                ["serverInfo"] = new JsonObject { ["name"] = "test", ["version"] = "1" }, ["resultType"] = "complete",
                ["ttlMs"] = 60_000, ["cacheScope"] = "public",
            },
            "tools/list" => List(),
            "tools/call" => _answer(request),
            _ => null,
        };
        context.Response.ContentType = "application/json";
        var answer = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = message?["id"]?.DeepClone() };
        if (result is null)
        {
            answer["error"] = new JsonObject { ["code"] = -32601, ["message"] = "Method not found" };
        }
        else
        {
            answer["result"] = result.DeepClone();
        }

        await context.Response.WriteAsync(answer.ToJsonString(), cancellationToken);
    }

    private JsonObject List()
    {
        var list = new JsonObject { ["tools"] = _tools.DeepClone(), ["resultType"] = "complete" };
        if (TtlMs is { } ttl)
        {
            list["ttlMs"] = ttl;
        }

        return list;
    }
}

/// <summary>What an MCP client asked.</summary>
/// <param name="Id">The request's id, as JSON.</param>
public sealed record McpToolRequest(string Method, JsonObject Params, IReadOnlyDictionary<string, string> Headers, string Id);
