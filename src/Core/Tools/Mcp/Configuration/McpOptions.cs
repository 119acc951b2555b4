namespace Yggdrasil.Tools.Mcp.Configuration;

/// <summary>The MCP servers whose tools agents may use. Section <c>Mcp</c>.</summary>
public sealed class McpOptions
{
    public const string Section = "Mcp";

    /// <summary>The most servers.</summary>
    public const int MaxServers = 64;

    /// <summary>One entry a server; its settings are those of <c>Mcp__Servers__0__…</c>.</summary>
    public IList<McpServerOptions> Servers { get; init; } = [];

    /// <summary>
    /// The secrets of servers, by the names that <c>Auth__Secret</c> gives them, with <c>_</c> for <c>-</c>. For development: in Azure they
    /// are secrets of the vault, by those names.
    /// </summary>
    public Dictionary<string, string> Secrets { get; init; } = [];
}
