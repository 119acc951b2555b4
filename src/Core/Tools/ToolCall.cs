using System.Text.Json;

namespace Yggdrasil.Tools;

/// <summary>A tool call that an <see cref="IToolMiddleware"/> sees.</summary>
/// <param name="Tool">The tool, with its rules.</param>
/// <param name="Arguments">The arguments, valid by the tool's schema. They may hold what the caller protects: do not log them.</param>
/// <param name="Context">Run, call, caller, deadline and idempotency key.</param>
public sealed record ToolCall(AgentTool Tool, IReadOnlyDictionary<string, JsonElement> Arguments, ToolContext Context)
{
    /// <summary>Without the arguments.</summary>
    public override string ToString() => $"{Tool.Name} {Context.CallId} of {Context.RunId}";
}

/// <summary>Goes on with a tool call.</summary>
/// <returns>What the model is told.</returns>
public delegate Task<string> ToolCallHandler(CancellationToken cancellationToken);
