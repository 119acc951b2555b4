using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Yggdrasil.Operations.Health;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>Registers the MCP server.</summary>
internal static class McpServices
{
    private const string Instructions =
        "Each tool is an agent. Send what it is to do as input, in full: it knows nothing of this conversation. "
        + "The same conversationId in several calls lets an agent remember what was said between them.";

    public static void AddMcpAgents(this IServiceCollection services)
    {
        services.AddRouting();
        services.AddMcpServer(Describe).WithHttpTransport(transport => transport.ConfigureSessionOptions = BindAsync);

        // It writes names that clients send, and failures in full; what fails here is logged here.
        services.AddLogging(logging => logging
            .AddFilter("ModelContextProtocol.Server", LogLevel.None)
            .AddFilter("ModelContextProtocol.AspNetCore", LogLevel.None));
        services.AddSingleton<McpEndpoint>();
        services.AddSingleton<ProtectedResource>();
        services.AddSingleton<McpFailures>();
        services.AddSingleton<AgentTools>();
        services.AddSingleton<RunProgressReader>();
        services.AddSingleton<AgentCalls>();
        services.AddSingleton<RunTasks>();
    }

    private static void Describe(McpServerOptions options)
    {
        options.ServerInfo = new Implementation { Name = "yggdrasil", Title = "Yggdrasil agents", Version = HealthService.Version };
        options.ServerInstructions = Instructions;
        options.Capabilities = new ServerCapabilities { Extensions = new Dictionary<string, object> { [TaskProtocol.Extension] = new JsonObject() } };

        // The package looks here for the headers that each method needs; what answers is bound to each request.
        options.RequestHandlers = RunTasks.Handlers((_, _, _) => throw new InvalidOperationException("The request was not bound to its caller."));
    }

    /// <summary>Lets one request be answered for its caller and nobody else.</summary>
    private static Task BindAsync(HttpContext http, McpServerOptions options, CancellationToken cancellationToken)
    {
        var call = McpCall.Of(http);
        var services = http.RequestServices;
        var failures = services.GetRequiredService<McpFailures>();
        var tools = services.GetRequiredService<AgentTools>();
        var calls = services.GetRequiredService<AgentCalls>();
        var tasks = services.GetRequiredService<RunTasks>();
        options.Handlers.ListToolsHandler = (request, token) => failures.GuardAsync(() => tools.ListAsync(call, request, token), token);
        options.Handlers.CallToolWithAlternateHandler = (request, token) => failures.GuardAsync(() => calls.CallAsync(call, request, token), token);
        options.RequestHandlers = RunTasks.Handlers(
            (method, request, token) => failures.GuardAsync(() => tasks.AnswerAsync(call, method, request, token), token));
        return Task.CompletedTask;
    }
}
