using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>The caller's agents as tools of an MCP server, without sessions: each request stands for itself.</summary>
public sealed class McpFunctions(McpEndpoint endpoint, ProtectedResource resource)
{
    [Function(nameof(CallMcp))]
    public async Task<IResult> CallMcp(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "mcp")] HttpRequest request, [DurableClient] DurableTaskClient client)
    {
        RequestHeaders.RejectOtherQuery(request);
        await McpBody.BufferAsync(request);
        return endpoint.Answer(new McpCall(request.HttpContext, request.Caller(), request.OwnScope(), client));
    }

    /// <summary>Where clients get tokens for this server (RFC 9728). Strangers may read it: who has no token yet has to.</summary>
    [Function(nameof(GetMcpResource))]
    public IResult GetMcpResource(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = ".well-known/oauth-protected-resource/mcp")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request);

        // The address in it is the one that this caller used.
        request.HttpContext.Response.Headers.CacheControl = "no-store";
        return Answers.Json(resource.Describe(request));
    }
}
