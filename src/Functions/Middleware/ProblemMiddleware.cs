using System.Diagnostics;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.McpServer;
using Yggdrasil.Functions.Http.OpenAI;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Storage;

namespace Yggdrasil.Functions.Middleware;

/// <summary>Turns what an HTTP function throws into problem details (RFC 9457). Other triggers keep their exceptions.</summary>
internal sealed partial class ProblemMiddleware(ProtectedResource resource, ILogger<ProblemMiddleware> logger) : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        if (context.GetHttpContext() is not { } http)
        {
            await next(context);
            return;
        }

        StoragePatience.Limit();
        var isOpenAI = OpenAIErrors.Speaks(http.Request.Path);
        if (isOpenAI)
        {
            OpenAIHeaders.Begin(http, TraceId(context));
        }

        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer, and a client that goes away is not a failed invocation.
            context.GetInvocationResult().Value = Results.StatusCode(StatusCodes.Status499ClientClosedRequest);
        }
        catch (Exception failure)
        {
            var problem = failure.FindProblem() ?? FindFault(context, http, failure);
            http.SetProblem(problem?.Code ?? "internal_error");
            if (problem is null)
            {
                var errorId = Ids.NewError();
                LogUnexpected(context.FunctionDefinition.Name, errorId, failure.GetType().FullName);
                LogDetails(failure, errorId);
                context.GetInvocationResult().Value = isOpenAI
                    ? OpenAIErrors.Internal(errorId)
                    : ProblemResults.Internal(http, TraceId(context), errorId);
            }
            else
            {
                context.GetInvocationResult().Value = isOpenAI
                    ? OpenAIErrors.Create(http, problem)
                    : ProblemResults.Create(http, TraceId(context), problem);
                resource.Challenge(http, problem);
            }
        }
    }

    /// <summary>Failures that are nobody's mistake here: a body that the server could not read, storage that does not answer.</summary>
    /// <remarks>Logged as warnings: each would otherwise count as a new kind of error, and health says what is wrong with storage.</remarks>
    private ProblemException? FindFault(FunctionContext context, HttpContext http, Exception failure)
    {
        if (BoundedBody.FindProblem(failure) is { } unreadable)
        {
            return unreadable;
        }

        if (!StorageOutage.Passes(failure))
        {
            return null;
        }

        LogStorage(context.FunctionDefinition.Name, failure.GetType().FullName, (failure as AggregateException)?.InnerException?.GetType().FullName);
        return StorageOutage.ToProblem(failure);
    }

    private static string TraceId(FunctionContext context) => Activity.Current?.TraceId.ToString() ?? context.InvocationId;

    [LoggerMessage(3001, LogLevel.Error, "Function {Function} failed: {ErrorId} ({ExceptionType})")]
    private partial void LogUnexpected(string function, string errorId, string? exceptionType);

    [LoggerMessage(3003, LogLevel.Warning, "Function {Function}: storage does not answer ({ExceptionType}, {InnerType})")]
    private partial void LogStorage(string function, string? exceptionType, string? innerType);

    [LoggerMessage(3002, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
