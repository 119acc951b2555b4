using Yggdrasil.Tools.Mcp.Configuration;

namespace Yggdrasil.Tools.Mcp;

/// <summary>How agents list tools of MCP servers, judged by the settings alone: agents of the configuration are, before there is storage.</summary>
public sealed class McpEntries(McpOptions options, ToolCatalog catalog)
{
    /// <summary>What is wrong with an entry of a definition; null when nothing is.</summary>
    public string? FaultOf(string listed)
    {
        if (McpNames.Parse(listed) is not { } entry)
        {
            return $"Write mcp:<server>/<tool>, or mcp:<server> for all of its approved tools; {McpNames.ToolRule}.";
        }

        if (options.Servers.FirstOrDefault(server => server.Name == entry.Server) is not { } server)
        {
            var names = string.Join(", ", options.Servers.Select(server => server.Name).Order(StringComparer.Ordinal));
            return $"There is no MCP server \"{entry.Server}\". Servers: {(names.Length == 0 ? "none" : names)}.";
        }

        if (entry.Tool is { } tool && !server.Allows(tool))
        {
            return $"The operator allows no tool \"{tool}\" of the MCP server \"{entry.Server}\".";
        }

        return catalog.All.FirstOrDefault(own => entry.Tool is { } named
            ? own.Name == McpNames.CalledAs(entry.Server, named)
            : McpNames.IsOf(entry.Server, own.Name)) is { } clash
            ? $"Models would take it for the tool \"{clash.Name}\"."
            : null;
    }
}
