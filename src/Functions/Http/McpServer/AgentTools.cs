using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Functions.Http.Reading;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>Agents as tools: those of the configuration, the caller's own and those shared with the caller, by name.</summary>
internal sealed class AgentTools(AgentService agents)
{
    private const int Page = 100;

    /// <summary>How long a client may keep the list; an agent that was changed or deleted meanwhile is refused when it is called.</summary>
    private static readonly TimeSpan TimeToLive = TimeSpan.FromMinutes(1);

    private static readonly JsonElement Input = JsonElement.Parse(
        """
        {
          "type": "object",
          "properties": {
            "input": { "type": "string", "minLength": 1, "description": "What the agent is to do or to answer, in full." },
            "conversationId": {
              "type": "string",
              "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
              "description": "Continues the conversation of this id, or begins it. Without one, the agent knows nothing of earlier calls."
            }
          },
          "required": ["input"],
          "additionalProperties": false
        }
        """u8);

    /// <summary>The name of the tool that an agent is. Names of tools have no '~', and ids of agents no '.'.</summary>
    public static string NameOf(string agentId) => agentId.Replace('~', '.');

    /// <summary>The id of the agent that a tool is; null for a name that no agent can have.</summary>
    public static string? IdOf(string? tool)
    {
        var id = tool?.Replace('.', '~');
        return (Ids.IsValid(id) || Ids.IsSharedAgent(id)) && tool!.IndexOf('~', StringComparison.Ordinal) < 0 ? id : null;
    }

    /// <exception cref="McpProtocolException">The cursor is not of this list.</exception>
    public async Task<ListToolsResult> ListAsync(McpCall call, RequestContext<ListToolsRequestParams> request, CancellationToken cancellationToken)
    {
        string? after = null;
        if (request.Params?.Cursor is { } cursor)
        {
            after = RequestHeaders.Decode(cursor) ?? throw new McpProtocolException("This is not a cursor of this list.", McpErrorCode.InvalidParams);
        }

        var page = await agents.ListByIdAsync(call.Scope, Page, after, cancellationToken);
        var anySchema = McpRevision.TakesAnySchema(request.JsonRpcRequest);
        return new ListToolsResult
        {
            // One whose definition cannot be read cannot be called either.
            Tools = [.. page.Items.Where(agent => !agent.IsUnreadable).Select(agent => ToTool(agent, anySchema))],
            NextCursor = RequestHeaders.ToCursor(page.Next),
            TimeToLive = TimeToLive,
            CacheScope = CacheScope.Private,
        };
    }

    private static Tool ToTool(Agent agent, bool anySchema) => new()
    {
        Name = NameOf(agent.Id),
        Description = agent.Definition.Description ?? $"The agent {agent.Id}.",
        InputSchema = Input,
        OutputSchema = agent.Definition.ResponseSchema is { } schema && (anySchema || McpRevision.IsOfObjects(schema)) ? schema : null,
    };
}
