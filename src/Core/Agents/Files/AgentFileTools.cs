using Yggdrasil.Tools;
using Yggdrasil.Tools.Mcp;
using Yggdrasil.Tools.Mcp.Configuration;

namespace Yggdrasil.Agents.Files;

/// <summary>What an agent's file names as its tools.</summary>
/// <param name="Tools">As a definition lists them.</param>
/// <param name="Descriptions">When to ask the agents among them, by their ids, where the file says so.</param>
/// <param name="Places">Where the file names each, by the name that the definition has for the place.</param>
internal sealed record NamedTools(List<string> Tools, Dictionary<string, string> Descriptions, Dictionary<string, (string Name, int Line)> Places)
{
    public void Add(string tool, string name, int line)
    {
        Places[$"tools[{Tools.Count}]"] = (name, line);
        Tools.Add(tool);
    }
}

/// <summary>Reads the tools of an agent's file: the app's own, those of MCP servers, and other agents.</summary>
/// <remarks>
/// A file that says nothing of them gets all that the app registers and all servers of the settings, as in the Azure Functions agents runtime. What is
/// built in has to be named.
/// </remarks>
internal sealed class AgentFileTools(IEnumerable<ToolRegistration> registered, McpOptions mcp)
{
    private readonly IReadOnlyList<string> _servers = [.. mcp.Servers.Select(server => server.Name).Order(StringComparer.Ordinal)];

    private readonly IReadOnlyList<string> _own =
        [.. registered.Where(tool => tool.Type.Assembly != typeof(ToolCatalog).Assembly).Select(tool => tool.Name).Order(StringComparer.Ordinal)];

    public NamedTools Read(YamlFields fields, string agentId, IReadOnlyList<string> ids)
    {
        var named = new NamedTools([], [], new(StringComparer.Ordinal));
        ReadTools(fields, named);
        ReadMcp(fields, named);
        ReadSubagents(fields, named, agentId, ids);
        return named;
    }

    private void ReadTools(YamlFields fields, NamedTools named)
    {
        foreach (var (tool, line) in Selection.Read(fields, "tools", _own))
        {
            named.Add(tool, "tools", line);
        }
    }

    /// <remarks>Of a server without a tool's name, those tools that an operator has approved.</remarks>
    private void ReadMcp(YamlFields fields, NamedTools named)
    {
        foreach (var (tool, line) in Selection.Read(fields, "mcp", _servers))
        {
            named.Add(McpNames.IsMcp(tool) ? tool : McpNames.Listed(tool), "mcp", line);
        }
    }

    private static void ReadSubagents(YamlFields fields, NamedTools named, string agentId, IReadOnlyList<string> ids)
    {
        foreach (var subagent in fields.Objects("subagents"))
        {
            if (subagent.Text("agent") is not { Length: > 0 } asked)
            {
                subagent.Fault("agent", "Is required: the id of another agent.");
            }
            else
            {
                var id = ids.Contains(asked) ? asked : ids.FirstOrDefault(other => AgentFiles.SlugOf(other) == asked) ?? asked;
                if (id == agentId)
                {
                    subagent.Fault("agent", "An agent cannot ask itself.");
                }

                named.Add(DelegateNames.ToolOf(id), "subagents", subagent.LineOf("agent"));
                if (subagent.Text("when") is { Length: > 0 } when)
                {
                    named.Descriptions[id] = when;
                }
            }

            subagent.RejectOthers();
        }
    }
}
