using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Storage;
using Yggdrasil.Tools;
using Yggdrasil.Tools.Mcp;

namespace Yggdrasil.Functions.Http.Agents;

public sealed class ToolFunctions(ToolCatalog catalog, McpTools mcp)
{
    [Function(nameof(ListTools))]
    public async Task<IResult> ListTools([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/tools")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after");
        var (limit, after) = RequestHeaders.ReadPage(request);
        var all = catalog.All.Select(tool => (Listed: tool.Name, Tool: tool)).Concat(await mcp.ListAsync(request.HttpContext.RequestAborted));
        var tools = all.Where(item => string.CompareOrdinal(item.Listed, after) > 0)
            .OrderBy(item => item.Listed, StringComparer.Ordinal).Take(limit + 1).ToList();
        var page = new ListPage<(string Listed, AgentTool Tool)>([.. tools.Take(limit)], tools.Count > limit ? tools[limit - 1].Listed : null);
        return Answers.List(page, item => ToolDocument.From(item.Tool) with { Name = item.Listed });
    }
}
