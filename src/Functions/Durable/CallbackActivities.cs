using Microsoft.Azure.Functions.Worker;
using Yggdrasil.Runs.Callbacks;

namespace Yggdrasil.Functions.Durable;

public sealed record SendCallbackInput(string Partition, string Row, string MessageId, int Attempt);

/// <summary>The step of <see cref="CallbackOrchestrator"/>, guarded by <see cref="SliceGuard"/>.</summary>
public sealed partial class CallbackActivities(CallbackSender sender, ILogger<CallbackActivities> logger)
{
    [Function(nameof(SendCallback))]
    public Task<CallbackOutcome> SendCallback([ActivityTrigger] SendCallbackInput input, FunctionContext context) => SliceGuard.RunAsync(
        context,
        () => sender.AttemptAsync(new CallbackReference(input.Partition, input.Row, input.MessageId), input.Attempt, context.CancellationToken),
        (errorId, failure) =>
        {
            LogFailed(input.MessageId, errorId, failure.GetType().FullName);
            LogDetails(failure, errorId);
        },
        () => LogGivenBack(input.MessageId));

    [LoggerMessage(3015, LogLevel.Information, "Callback {MessageId}: the host stops; another one goes on")]
    private partial void LogGivenBack(string messageId);

    [LoggerMessage(3012, LogLevel.Error, "An attempt at callback {MessageId} could not be made: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string messageId, string errorId, string? exceptionType);

    [LoggerMessage(3013, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogDetails(Exception exception, string errorId);
}
