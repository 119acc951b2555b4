using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Tools.Mcp;

namespace Yggdrasil.Tools;

/// <summary>A registered tool: its declaration for the model, its rules, and its implementation.</summary>
public sealed record AgentTool
{
    /// <summary>What the model sees: name, description and parameter schema. Holds no services and is never invoked.</summary>
    public required AIFunctionDeclaration Declaration { get; init; }

    /// <summary>Runs the tool with arguments that have passed its schema, in a scope of the call's own; answers what the model is to be told.</summary>
    /// <remarks>A <see cref="ToolException"/> carries a message meant for the model; any other exception does not.</remarks>
    public required Func<IReadOnlyDictionary<string, JsonElement>, ToolContext, IServiceProvider, CancellationToken, Task<string>>
        InvokeAsync { get; init; }

    public string Name => Declaration.Name;

    public bool Idempotent { get; init; }

    /// <summary>The result follows from the arguments alone, and a call changes nothing.</summary>
    public bool Pure { get; init; }

    public bool Distributed { get; init; }

    public bool RequiresApproval { get; init; }

    /// <summary>The agent that a call is a run of; null for all other tools.</summary>
    internal string? AgentId { get; init; }

    /// <summary>The caller of the run makes its calls, and none is made here.</summary>
    internal bool ByClient { get; init; }

    /// <summary>What an MCP server offers as this; null for all other tools.</summary>
    internal McpToolPin? Mcp { get; init; }

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    public IReadOnlyList<string> Roles { get; init; } = [];
}
