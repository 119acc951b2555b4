using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Storage;
using Yggdrasil.Tools.Mcp;

namespace Yggdrasil.Functions.Http.McpServers;

/// <summary>MCP servers and their tools, for operators.</summary>
public sealed class McpServerFunctions(McpServerService servers)
{
    private const int HashLength = 64;

    [Function(nameof(ListMcpServers))]
    public async Task<IResult> ListMcpServers([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/mcp/servers")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after");
        var (limit, after) = RequestHeaders.ReadPage(request);
        var all = await servers.ListAsync(request.Caller(), request.HttpContext.RequestAborted);
        return Answers.List(PageOf(all, server => server.Options.Name, limit, after), McpServerDocument.From);
    }

    [Function(nameof(GetMcpServer))]
    public async Task<IResult> GetMcpServer(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/mcp/servers/{name}")] HttpRequest request, string name)
    {
        RequestHeaders.RejectOtherQuery(request);
        return Answers.Json(McpServerDocument.From(await servers.GetAsync(request.Caller(), name, request.HttpContext.RequestAborted)));
    }

    [Function(nameof(RefreshMcpServer))]
    public async Task<IResult> RefreshMcpServer(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/mcp/servers/{name}/refresh")] HttpRequest request, string name)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        return Answers.Json(McpServerDocument.From(await servers.RefreshAsync(request.Caller(), name, request.HttpContext.RequestAborted)));
    }

    [Function(nameof(ListMcpTools))]
    public async Task<IResult> ListMcpTools(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/mcp/servers/{name}/tools")] HttpRequest request, string name)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after");
        var (limit, after) = RequestHeaders.ReadPage(request);
        var all = await servers.ListToolsAsync(request.Caller(), name, request.HttpContext.RequestAborted);
        return Answers.List(PageOf(all, tool => tool.Name, limit, after), McpToolDocument.From);
    }

    [Function(nameof(ApproveMcpTool))]
    public async Task<IResult> ApproveMcpTool(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/mcp/servers/{name}/tools/{tool}/approve")] HttpRequest request, string name, string tool)
    {
        RequestHeaders.RejectOtherQuery(request);
        var fields = new JsonFields(RequestBody.ParseObject(await RequestBody.ReadAsync(request)), new FieldErrors());
        var hash = fields.String("hash");
        fields.Errors.Require(
            hash is { Length: HashLength } && hash.All(char.IsAsciiHexDigitLower), "hash", "Is required: the hash of the tool as it was read, 64 hexadecimal digits.");
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return Answers.Json(McpToolDocument.From(await servers.ApproveAsync(request.Caller(), name, tool, hash, request.HttpContext.RequestAborted)));
    }

    [Function(nameof(WithdrawMcpTool))]
    public async Task<IResult> WithdrawMcpTool(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "api/mcp/servers/{name}/tools/{tool}/withdraw")] HttpRequest request, string name, string tool)
    {
        RequestHeaders.RejectOtherQuery(request);
        await RequestBody.RequireEmptyAsync(request);
        return Answers.Json(McpToolDocument.From(await servers.ApproveAsync(request.Caller(), name, tool, hash: null, request.HttpContext.RequestAborted)));
    }

    private static ListPage<T> PageOf<T>(IReadOnlyList<T> all, Func<T, string> nameOf, int limit, string? after)
    {
        var items = all.Where(item => string.CompareOrdinal(nameOf(item), after) > 0).Take(limit + 1).ToList();
        return new ListPage<T>([.. items.Take(limit)], items.Count > limit ? nameOf(items[limit - 1]) : null);
    }
}
