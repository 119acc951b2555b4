using System.Diagnostics;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Functions.Middleware;

/// <summary>A span for each request, message and timer, in which runs begin; and what requests came to.</summary>
/// <remarks>
/// None for orchestrators, which replay, nor for their activities: a slice joins the trace of its run by itself.
/// </remarks>
internal sealed class TelemetryMiddleware(ActiveUsers users) : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        var (trigger, kind) = TriggerOf(context.FunctionDefinition);
        if (trigger is null)
        {
            await next(context);
            return;
        }

        using var span = InvocationSpan.Start(context.FunctionDefinition.Name, trigger, kind);
        if (context.GetHttpContext() is { } http)
        {
            await AnswerAsync(context, http, span, next);
            return;
        }

        try
        {
            await next(context);
        }
        catch (Exception failure)
        {
            InvocationSpan.Fail(span, failure);
            throw;
        }
    }

    private async Task AnswerAsync(FunctionContext context, HttpContext http, Activity? span, FunctionExecutionDelegate next)
    {
        var started = Stopwatch.GetTimestamp();
        await next(context);
        var status = (context.GetInvocationResult().Value as IStatusCodeHttpResult)?.StatusCode ?? StatusCodes.Status200OK;
        var problem = http.FindProblem();
        if (http.FindCaller() is { } caller)
        {
            users.Seen(caller.Owner);
        }

        RequestMetrics.Answered(context.FunctionDefinition.Name, http.Request.Method, status, problem, Stopwatch.GetElapsedTime(started));
        InvocationSpan.Answered(span, http.Request.Method, status, problem);
    }

    private static (string? Trigger, ActivityKind Kind) TriggerOf(FunctionDefinition function) =>
        function.InputBindings.Values.Select(binding => binding.Type).FirstOrDefault(type => type.EndsWith("Trigger", StringComparison.OrdinalIgnoreCase)) switch
        {
            "httpTrigger" => ("http", ActivityKind.Server),
            "timerTrigger" => ("timer", ActivityKind.Internal),
            "queueTrigger" => ("pubsub", ActivityKind.Consumer),
            _ => (null, ActivityKind.Internal),
        };
}
