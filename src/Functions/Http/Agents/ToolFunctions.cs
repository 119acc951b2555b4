using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Storage;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.Agents;

public sealed class ToolFunctions(ToolCatalog catalog)
{
    [Function(nameof(ListTools))]
    public IResult ListTools([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "api/tools")] HttpRequest request)
    {
        RequestHeaders.RejectOtherQuery(request, "limit", "after");
        var (limit, after) = RequestHeaders.ReadPage(request);
        var tools = catalog.All.Where(tool => string.CompareOrdinal(tool.Name, after) > 0).Take(limit + 1).ToList();
        var page = new ListPage<AgentTool>([.. tools.Take(limit)], tools.Count > limit ? tools[limit - 1].Name : null);
        return Answers.List(page, ToolDocument.From);
    }
}
