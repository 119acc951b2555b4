namespace Yggdrasil.Tools.Mcp;

/// <summary>A tool of an MCP server as a run began with it. The run calls this very definition, or nothing.</summary>
/// <param name="Server">The server's name.</param>
/// <param name="Tool">The tool's name, as the server has it.</param>
/// <param name="CalledAs">How models call it.</param>
/// <param name="Hash">The hash of the definition that an operator approved.</param>
public sealed record McpToolPin(string Server, string Tool, string CalledAs, string Hash);
