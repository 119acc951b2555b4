using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Storage.Due;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>Calls of agents: durable runs, by the same rules as those of <c>/api</c>.</summary>
internal sealed class AgentCalls(
    RunService runs, RunControl control, RunProgressReader progress, RetentionOptions retention, McpAgentOptions settings, DisabledUsers disabled,
    IHostApplicationLifetime lifetime, TimeProvider time, ILogger<AgentCalls> logger)
{
    /// <summary>How long a client waits that cannot come back for the run as a task; proxies give up after 230 seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(InlineRuns.MaxDeadlineSeconds);

    /// <exception cref="McpProtocolException">The caller has no such tool.</exception>
    public async Task<ResultOrAlternate<CallToolResult>> CallAsync(
        McpCall call, RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var name = request.Params.Name;
        var agent = AgentTools.IdOf(name) ?? throw Unknown(name);
        Run? run = null;
        try
        {
            run = await StartAsync(call, agent, request, begun => run = begun, cancellationToken);
            run = await WaitAsync(call, request, run, cancellationToken);
        }
        catch (NotFoundException) when (run is null)
        {
            throw Unknown(name);
        }
        catch (ProblemException problem) when (run is null && problem is not StorageUnavailableException)
        {
            return RunResults.Refused(problem);
        }
        catch (Exception) when (
            run is not null && call.Http.RequestAborted.IsCancellationRequested && McpRevision.IsStateless(request.JsonRpcRequest))
        {
            // Closing the stream is how this revision cancels a request.
            await control.CancelAsync(call.Scope, run.Id, CancellationToken.None);
            throw;
        }

        return run.IsTerminal ? RunResults.Of(run, McpRevision.TakesAnySchema(request.JsonRpcRequest))
            : McpRevision.TakesTasks(request.JsonRpcRequest)
                ? ResultOrAlternate<CallToolResult>.FromAlternate(CreatedTask.Of(run, retention), TaskProtocol.TypeOf<CreatedTask>())
            : RunResults.GoesOn(run);
    }

    /// <param name="begun">Told of a new run as soon as there is one.</param>
    private async Task<Run> StartAsync(
        McpCall call, string agent, RequestContext<CallToolRequestParams> request, Action<Run> begun, CancellationToken cancellationToken)
    {
        var arguments = JsonSerializer.SerializeToElement(request.Params.Arguments ?? new Dictionary<string, JsonElement>());
        var started = await runs.StartAsync(
            call.Caller,
            agent,
            AgentArguments.Parse(arguments),
            AgentArguments.ReadIdempotency(call.Http.Request, request.Params.Meta, agent, arguments),
            wait: null,
            cancellationToken,
            run =>
            {
                begun(run);
                return Task.CompletedTask;
            });
        return started.Run;
    }

    private async Task<Run> WaitAsync(McpCall call, RequestContext<CallToolRequestParams> request, Run run, CancellationToken cancellationToken)
    {
        if (run.IsTerminal)
        {
            return run;
        }

        var patience = McpRevision.TakesTasks(request.JsonRpcRequest) ? TimeSpan.FromSeconds(settings.TaskAfterSeconds) : Patience;
        await using var watch = new CallerWatch(disabled, call.Caller, time, logger, lifetime.ApplicationStopping);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, watch.Stop);
        try
        {
            return request.Params.ProgressToken is { } token
                ? await progress.WaitAsync(call.Scope, run, patience, (done, what) => TellAsync(request, token, done, what, either.Token), either.Token)
                : await runs.WaitAsync(run, patience, either.Token);
        }
        catch (OperationCanceledException) when (watch.Stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return run;
        }
    }

    private static Task TellAsync(
        RequestContext<CallToolRequestParams> request, ProgressToken token, int done, string what, CancellationToken cancellationToken) =>
        request.Server.NotifyProgressAsync(token, new ProgressNotificationValue { Progress = done, Message = what }, cancellationToken: cancellationToken);

    private static McpProtocolException Unknown(string name) =>
        new($"There is no tool \"{(name.Length > 100 ? $"{name[..100]}…" : name)}\"; tools/list has those that there are.", McpErrorCode.InvalidParams);
}
