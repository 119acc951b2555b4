using Microsoft.DurableTask.Client;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>One request to the MCP server: who asks, and what it takes to act for them.</summary>
/// <param name="Scope">The caller's own resources.</param>
/// <param name="Durable">Of the invocation, whose middleware is done when its answer is made.</param>
internal sealed record McpCall(HttpContext Http, Caller Caller, Scope Scope, DurableTaskClient Durable)
{
    private static readonly object Key = new();

    /// <summary>The call that a request was bound to before the server answers it.</summary>
    public static McpCall Of(HttpContext http) => (McpCall)http.Items[Key]!;

    public void Bind() => Http.Items[Key] = this;
}
