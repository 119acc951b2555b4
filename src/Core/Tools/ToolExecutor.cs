using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;

namespace Yggdrasil.Tools;

/// <summary>How a call came out, and what the model is told of it.</summary>
internal sealed record ToolResult(StepStatus Status, string Text);

/// <summary>Makes a call that has passed the gates: within its timeout, in a scope of its own, result made safe.</summary>
internal sealed partial class ToolExecutor(IServiceScopeFactory scopes, TimeProvider time, ILogger<ToolExecutor> logger)
{
    /// <summary>What the model is shown of a result, in characters.</summary>
    public const int MaxResultLength = 16 * 1024;

    public const string NotMade = "This call was not made: the run ended before it.";

    /// <summary>
    /// How long a tool that must not be repeated may still answer once its run was cancelled: long enough to say what became
    /// of a request that is on its way, short enough for whoever waits for the run to end.
    /// </summary>
    public static readonly TimeSpan CancelGrace = TimeSpan.FromSeconds(5);

    public const string UnknownOutcome =
        "The outcome of this call is unknown: it was begun and may or may not have taken effect. It was not repeated.";

    /// <param name="cancelled">The run was cancelled: the tool is told at once, its answer is waited for a little.</param>
    /// <param name="cancellationToken">The driver must stop: the tool is told, and no answer is waited for.</param>
    /// <exception cref="OperationCanceledException">The driver must stop; whether the call took effect is not known.</exception>
    public async Task<ToolResult> ExecuteAsync(
        AgentTool tool,
        IReadOnlyDictionary<string, JsonElement> arguments,
        ToolContext context,
        CancellationToken cancelled,
        CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(tool.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancelled, cancellationToken);
        using var grace = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var onCancelled = cancelled.Register(() => grace.CancelAfter(CancelGrace));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, grace.Token, cancellationToken);
        var call = StartAsync(tool, arguments, context, either.Token);
        try
        {
            // WaitAsync: a tool that ignores its token must not hold the run beyond the timeout.
            var text = await call.WaitAsync(patience.Token);
            return new ToolResult(StepStatus.Completed, Sanitise(text));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested)
        {
            // It was begun and stopped somewhere: nobody can say that it took no effect.
            return new ToolResult(StepStatus.Unknown, UnknownOutcome);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            return tool.Idempotent
                ? new ToolResult(StepStatus.Failed, $"The tool did not answer within {tool.Timeout.TotalSeconds:0} s.")
                : new ToolResult(StepStatus.Unknown, UnknownOutcome);
        }
        catch (ToolException failure)
        {
            return new ToolResult(StepStatus.Failed, Sanitise(failure.Message));
        }
        catch (Exception failure)
        {
            // A tool may throw anything, with anything in its message: the model and the log get an id and the type.
            var errorId = Ids.NewError();
            LogFailed(tool.Name, context.RunId, context.CallId, errorId, failure.GetType().FullName);
            LogFailure(failure, errorId);
            return new ToolResult(StepStatus.Failed, $"The tool failed ({errorId}).");
        }
        finally
        {
            if (!call.IsCompleted)
            {
                // What ended the wait may not have reached the tool's own token yet, and disposing of that cuts the link.
                await either.CancelAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>
    /// Starts a call on a thread of its own, on which it stays until it first waits asynchronously. A tool may block there for as
    /// long as its timeout: on threads of the pool a few dozen such calls held up the renewals of every run's lease, and a run
    /// that loses its lease pays for a model's call twice.
    /// </summary>
    private Task<string> StartAsync(
        AgentTool tool, IReadOnlyDictionary<string, JsonElement> arguments, ToolContext context, CancellationToken cancellationToken) =>
        Task.Factory.StartNew(
            () => InvokeAsync(tool, arguments, context, cancellationToken),
            cancellationToken,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default).Unwrap();

    /// <summary>The scope lives as long as the call, which may outlast the wait for it.</summary>
    private async Task<string> InvokeAsync(
        AgentTool tool, IReadOnlyDictionary<string, JsonElement> arguments, ToolContext context, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var services = scope.ServiceProvider;
        ToolCallHandler invoke = token => tool.InvokeAsync(arguments, context, services, token);
        var call = new ToolCall(tool, arguments, context);
        foreach (var middleware in services.GetServices<IToolMiddleware>().Reverse())
        {
            var next = invoke;
            invoke = token => middleware.InvokeAsync(call, next, token);
        }

        return await invoke(cancellationToken);
    }

    /// <summary>Cuts a result to its cap and drops control characters, which have no meaning to a model.</summary>
    internal static string Sanitise(string text)
    {
        var cut = text.Length > MaxResultLength;
        var length = cut && char.IsHighSurrogate(text[MaxResultLength - 1]) ? MaxResultLength - 1 : Math.Min(text.Length, MaxResultLength);
        var safe = new StringBuilder(length);
        foreach (var rune in text.AsSpan(0, length).EnumerateRunes())
        {
            if (!Rune.IsControl(rune) || rune.Value is '\n' or '\r' or '\t')
            {
                safe.Append(rune);
            }
        }

        return cut ? safe.Append($"\n[cut: the first {length} of {text.Length} characters]").ToString() : safe.ToString();
    }

    [LoggerMessage(2001, LogLevel.Warning, "Tool {Tool} failed in run {RunId}, call {CallId}: {ErrorId} ({ExceptionType})")]
    private partial void LogFailed(string tool, string runId, string callId, string errorId, string? exceptionType);

    [LoggerMessage(2002, LogLevel.Debug, "Details of {ErrorId}")]
    private partial void LogFailure(Exception exception, string errorId);
}
