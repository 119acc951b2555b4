using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Yggdrasil.Tools.Mcp.Configuration;
using Yggdrasil.Tools.Mcp.Pinning;
using Yggdrasil.Tools.Mcp.Transport;

namespace Yggdrasil.Tools.Mcp.Calls;

/// <summary>Makes tools of what a server offers, and their calls.</summary>
internal sealed class McpCalls(McpServerOptions server, McpConnection connection, McpBreaker breaker, TimeProvider time)
{
    /// <summary>The same name that this app's own MCP server takes a key by.</summary>
    private const string IdempotencyKey = "yggdrasil/idempotencyKey";

    public AgentTool ToTool(McpToolDefinition tool, McpToolPin pin) => new()
    {
        Declaration = AIFunctionFactory.CreateDeclaration(
            pin.CalledAs, VisibleText.Of(tool.Description), CanonicalJson.Map(tool.InputSchema, VisibleText.Of)),
        InvokeAsync = (arguments, context, _, cancellationToken) => CallAsync(tool, arguments, context, cancellationToken),
        Idempotent = server.IdempotentTools.Contains(tool.Name),
        RequiresApproval = server.NeedsApproval(tool.ReadOnlyHint, tool.DestructiveHint),
        Timeout = server.Timeout,
        Roles = [.. server.Roles],
        Mcp = pin,
    };

    private async Task<string> CallAsync(
        McpToolDefinition tool, IReadOnlyDictionary<string, JsonElement> arguments, ToolContext context, CancellationToken cancellationToken)
    {
        var meta = new JsonObject { [IdempotencyKey] = context.IdempotencyKey };
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace })
        {
            meta["traceparent"] = trace;
        }

        var parameters = new JsonObject
        {
            ["name"] = tool.Name,
            ["arguments"] = new JsonObject(arguments.Select(argument => KeyValuePair.Create(argument.Key, JsonNode.Parse(argument.Value.GetRawText())))),
            ["_meta"] = meta,
        };
        try
        {
            var result = await breaker.RunAsync(token => SendAsync(parameters, token), cancellationToken);
            return McpResult.Describe(server.Name, tool, result);
        }
        catch (McpFailure failure)
        {
            throw new ToolException(
                $"The MCP server \"{server.Name}\" did not carry the call out. {failure.Message}{Outcome(failure.Kind)}", failure);
        }
    }

    /// <summary>A call that took all of its time is the server's fault, whoever's patience ended it.</summary>
    private async Task<JsonElement> SendAsync(JsonObject parameters, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        try
        {
            return await connection.SendAsync("tools/call", parameters, cancellationToken);
        }
        catch (OperationCanceledException late) when (time.GetElapsedTime(started) >= server.Timeout)
        {
            throw new McpFailure(McpFailureKind.Unreachable, $"It did not answer within {server.TimeoutSeconds} s.", late);
        }
    }

    /// <summary>A model that thinks nothing happened tries again, and orders twice.</summary>
    private static string Outcome(McpFailureKind kind) => kind is McpFailureKind.Unauthorized or McpFailureKind.BrokenOff
        ? " Nothing was done."
        : " It is not known whether the call took effect.";
}
