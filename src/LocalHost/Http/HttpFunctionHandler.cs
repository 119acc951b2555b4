using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Abstractions;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Http;

/// <summary>Answers one request with one function: middleware first, then whatever result middleware left.</summary>
internal sealed partial class HttpFunctionHandler(
    FunctionInvoker invoker, IHostApplicationLifetime lifetime, ILogger<HttpFunctionHandler> logger)
{
    /// <summary>Where the genuine worker keeps the request, and its GetHttpContext looks for it.</summary>
    private const string HttpContextKey = "HttpRequestContext";

    public async Task HandleAsync(Function function, HttpContext httpContext)
    {
        // The genuine host cancels an invocation when its caller has gone, and when it stops.
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(
            httpContext.RequestAborted, lifetime.ApplicationStopping);
        var invocation = new Invocation(function, httpContext, httpContext.RequestServices, cancellation.Token);
        invocation.Items[HttpContextKey] = httpContext;
        try
        {
            await invoker.RunAsync(invocation);
            await WriteAsync(invocation.Result, httpContext, invocation);
        }
        catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            LogCallerGone(function.Name, invocation.InvocationId);
        }
        catch (BadHttpRequestException refused)
        {
            // Kestrel refused what the function was reading: a body too large, or one that broke off.
            Fail(httpContext, refused.StatusCode);
        }
#pragma warning disable CA1031 // The host answers for every function that throws, whatever it throws.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            LogFailed(failure, function.Name, invocation.InvocationId);
            Fail(httpContext, StatusCodes.Status500InternalServerError);
        }
    }

    private async Task WriteAsync(object? result, HttpContext httpContext, Invocation invocation)
    {
        switch (result)
        {
            case IActionResult actionResult:
                await actionResult.ExecuteResultAsync(
                    new ActionContext(httpContext, httpContext.GetRouteData(), new ActionDescriptor()));
                break;
            case IResult plainResult:
                await plainResult.ExecuteAsync(httpContext);
                break;
            case not null:
                LogNoResult(invocation.Function.Name, result.GetType().Name);
                break;
        }
    }

    private static void Fail(HttpContext httpContext, int status)
    {
        if (httpContext.Response.HasStarted)
        {
            // A cut connection tells the caller that the answer is incomplete; a clean end would not.
            httpContext.Abort();
            return;
        }

        httpContext.Response.Clear();
        httpContext.Response.StatusCode = status;
    }

    [LoggerMessage(100, LogLevel.Error, "Function {Function} failed, invocation {InvocationId}.")]
    private partial void LogFailed(Exception failure, string function, string invocationId);

    [LoggerMessage(101, LogLevel.Debug, "The caller of {Function} has gone, invocation {InvocationId}.")]
    private partial void LogCallerGone(string function, string invocationId);

    [LoggerMessage(102, LogLevel.Warning,
        "Function {Function} returned a {Type}, which is no IResult: the answer is empty, as in the genuine worker.")]
    private partial void LogNoResult(string function, string type);
}
