using System.Diagnostics;
using Yggdrasil.Foundation;
using Yggdrasil.Functions.Durable;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Hosting;
using Yggdrasil.Storage;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>The MCP server of the package, as the answer of one function: its endpoint is taken, its routing is not.</summary>
public sealed partial class McpEndpoint
{
    private readonly RequestDelegate _serve;
    private readonly ILogger<McpEndpoint> _logger;

    public McpEndpoint(IServiceProvider services, ILogger<McpEndpoint> logger)
    {
        var routes = new Routes(services);
        routes.MapMcp();
        _serve = routes.DataSources.SelectMany(source => source.Endpoints).Single().RequestDelegate!;
        _logger = logger;
    }

    /// <summary>The answer to a call, made when it is sent: it may be a stream.</summary>
    internal IResult Answer(McpCall call) => new McpResult(this, call);

    private async Task ServeAsync(McpCall call)
    {
        var http = call.Http;
        call.Bind();
        StoragePatience.Limit();
        try
        {
            await InvocationScheduler.RunAsync(new DurableRunScheduler(call.Durable), () => _serve(http));
        }
        catch (Exception) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client went away, which is its right: nobody is left to be told.
        }
        catch (Exception failure)
        {
            // The host would log it in full.
            var errorId = Ids.NewError();
            LogFailed(errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
            if (http.Response.HasStarted)
            {
                http.Abort();
                return;
            }

            http.Response.Clear();
            await ProblemResults.Internal(http, Activity.Current?.TraceId.ToString() ?? http.TraceIdentifier, errorId).ExecuteAsync(http);
        }
    }

    [LoggerMessage(3095, LogLevel.Error, "A request to the MCP server failed: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string errorId, string? exceptionType);

    [LoggerMessage(3096, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);

    private sealed class McpResult(McpEndpoint endpoint, McpCall call) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => endpoint.ServeAsync(call);
    }

    private sealed class Routes(IServiceProvider services) : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider => services;

        public ICollection<EndpointDataSource> DataSources { get; } = [];

        public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(services);
    }
}
