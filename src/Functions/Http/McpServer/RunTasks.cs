using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Storage.Due;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>Runs as tasks: what they have come to, decisions about their calls, and their cancel.</summary>
internal sealed class RunTasks(RunService runs, RunControl control, ApprovalService approvals, UsageService usage, RetentionOptions retention)
{
    /// <summary>The methods of the extension, answered by one handler that is told which it is.</summary>
    public static IList<McpServerRequestHandler> Handlers(Func<string, JsonRpcRequest, CancellationToken, ValueTask<JsonNode?>> answer) =>
    [
        .. new[] { TaskProtocol.Get, TaskProtocol.Update, TaskProtocol.Cancel }.Select(method => new McpServerRequestHandler
        {
            Method = method,
            RoutingNameParameter = TaskProtocol.TaskId,
            Handler = (request, cancellationToken) => answer(method, request.JsonRpcRequest, cancellationToken),
        }),
    ];

    /// <exception cref="McpProtocolException">The client does not speak the extension, or the caller has no such run.</exception>
    public async Task<JsonNode?> AnswerAsync(McpCall call, string method, JsonRpcRequest request, CancellationToken cancellationToken)
    {
        RequireTasks(method, request);
        var id = (request.Params as JsonObject)?[TaskProtocol.TaskId] is JsonValue value && value.TryGetValue(out string? text)
            ? text
            : throw new McpProtocolException("taskId is required: that of the task, as a string.", McpErrorCode.InvalidParams);
        try
        {
            return method switch
            {
                TaskProtocol.Get => await GetAsync(call, id, request, cancellationToken),
                TaskProtocol.Update => await UpdateAsync(call, id, request, cancellationToken),
                _ => await CancelAsync(call, id, cancellationToken),
            };
        }
        catch (NotFoundException)
        {
            throw new McpProtocolException("There is no such task.", McpErrorCode.InvalidParams);
        }
    }

    private async Task<JsonObject> GetAsync(McpCall call, string id, JsonRpcRequest request, CancellationToken cancellationToken) => TaskDocuments.Of(
        await runs.GetToShowAsync(call.Scope, id, cancellationToken), McpRevision.TakesQuestions(request), retention);

    private async Task<JsonObject> UpdateAsync(McpCall call, string id, JsonRpcRequest request, CancellationToken cancellationToken)
    {
        await usage.CountWriteAsync(call.Caller, cancellationToken);
        var run = await runs.GetAsync(call.Scope, id, cancellationToken);
        foreach (var (callId, decision) in ApprovalQuestions.Read((request.Params as JsonObject)?["inputResponses"]))
        {
            await DecideAsync(call, run, callId, decision, cancellationToken);
        }

        return TaskDocuments.Done();
    }

    private async Task DecideAsync(McpCall call, Run run, string callId, Decision decision, CancellationToken cancellationToken)
    {
        try
        {
            await approvals.DecideAsync(call.Scope, run.Id, callId, decision, cancellationToken);
        }
        catch (NotFoundException)
        {
            // An answer to what was never asked is to be passed over (SEP-2663).
        }
    }

    private async Task<JsonObject> CancelAsync(McpCall call, string id, CancellationToken cancellationToken)
    {
        await usage.CountWriteAsync(call.Caller, cancellationToken);
        await control.CancelAsync(call.Scope, id, cancellationToken);
        return TaskDocuments.Done();
    }

    private static void RequireTasks(string method, JsonRpcRequest request)
    {
        if (!McpRevision.IsStateless(request))
        {
            throw new McpProtocolException($"{method} is there from revision 2026-07-28 on.", McpErrorCode.MethodNotFound);
        }

        if (!McpRevision.TakesTasks(request))
        {
            throw new MissingRequiredClientCapabilityException(
                new ClientCapabilities { Extensions = new Dictionary<string, object> { [TaskProtocol.Extension] = new JsonObject() } },
                $"The client has to declare the extension {TaskProtocol.Extension} with this request.");
        }
    }
}
