using Yggdrasil.Tools.Mcp.Pinning;

namespace Yggdrasil.Tools.Mcp;

/// <summary>What this process knows of a server: the stored rows, and a tool for each that may be used.</summary>
/// <param name="LoadedAt">When the rows were read, as a timestamp.</param>
/// <param name="Usable">By the server's names; those that are approved as they are.</param>
internal sealed record McpServerView(
    long LoadedAt, McpListRow? List, IReadOnlyList<McpToolRow> Rows, IReadOnlyDictionary<string, AgentTool> Usable)
{
    public bool IsFresh(DateTimeOffset now) => List is { } list && now < list.FreshUntil;

    public McpToolRow? Find(string tool) => Rows.FirstOrDefault(row => row.Name == tool);
}
