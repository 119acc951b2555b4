using ModelContextProtocol;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Storage;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>Problems as JSON-RPC errors. A failure that no caller is to know is told by an id that leads to its log line.</summary>
internal sealed partial class McpFailures(ILogger<McpFailures> logger)
{
    public async ValueTask<T> GuardAsync<T>(Func<Task<T>> answer, CancellationToken cancellationToken)
    {
        try
        {
            return await answer();
        }
        catch (Exception failure) when (failure is not McpException && !(failure is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw Translate(failure);
        }
    }

    /// <summary>What a problem says, in one line.</summary>
    public static string Describe(ProblemException problem) => problem is InvalidRequestException { Errors: var errors }
        ? string.Join(' ', errors.Select(error => $"{error.Key}: {string.Join(' ', error.Value)}"))
        : problem.Message;

    private McpProtocolException Translate(Exception failure)
    {
        var problem = failure.FindProblem() ?? (StorageOutage.Passes(failure) ? StorageOutage.ToProblem(failure) : null);
        if (problem is not null)
        {
            return new McpProtocolException(
                Describe(problem),
                problem is StorageUnavailableException or ProviderUnavailableException ? McpErrorCode.InternalError : McpErrorCode.InvalidParams);
        }

        var errorId = Ids.NewError();
        LogFailed(errorId, failure.GetType().FullName);
        LogDetails(failure, errorId);
        return new McpProtocolException($"The failure is recorded as {errorId}.", McpErrorCode.InternalError);
    }

    [LoggerMessage(3097, LogLevel.Error, "A method of the MCP server failed: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string errorId, string? exceptionType);

    [LoggerMessage(3098, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
