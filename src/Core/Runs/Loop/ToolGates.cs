using System.Text.Json;
using Yggdrasil.Agents;
using Yggdrasil.Models;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;
using Yggdrasil.Tools.Mcp;

namespace Yggdrasil.Runs.Loop;

/// <summary>What the gates decided about one call.</summary>
internal abstract record GateVerdict
{
    private GateVerdict()
    {
    }

    /// <summary>The call is not made; the model is told why.</summary>
    public sealed record Refuse(string Reason) : GateVerdict;

    /// <summary>A human has to decide first.</summary>
    public sealed record AwaitApproval : GateVerdict;

    /// <summary>The caller of the run makes the call, and has to answer first.</summary>
    public sealed record AwaitClient : GateVerdict;

    /// <summary>A human said no, or nobody said anything in time; the model is told.</summary>
    public sealed record Deny(string Reason) : GateVerdict;

    /// <summary>An earlier attempt was begun and may have taken effect; the call is not repeated.</summary>
    public sealed record OutcomeUnknown : GateVerdict;

    /// <summary>An earlier attempt may still be running; judge again then.</summary>
    public sealed record Wait(DateTimeOffset Until) : GateVerdict;

    /// <summary>The call is to be made as a durable activity of its own.</summary>
    public sealed record Distribute : GateVerdict;

    /// <summary>The call is to be made as a run of another agent.</summary>
    public sealed record Delegate(string AgentId, string Input) : GateVerdict;

    /// <summary>The run that the call was made as has to end first.</summary>
    public sealed record AwaitChild(string ChildRun) : GateVerdict;

    /// <summary>What the call came to is known already.</summary>
    public sealed record Answered(ToolResult Result) : GateVerdict;

    /// <summary>The call is to be made now.</summary>
    /// <param name="Edited">A human put other arguments in the place of the model's.</param>
    public sealed record Execute(AgentTool Tool, IReadOnlyDictionary<string, JsonElement> Arguments, bool Edited = false) : GateVerdict;
}

/// <summary>
/// The gates of a tool call, in their one order, judged at the moment the call would be made: known tool → allowed for
/// this agent and caller → arguments valid against the schema → made by the caller → approval → idempotency. (The run's call budget is
/// judged before them for a whole turn, by the loop, because it ends the run; execution, timeout and the sanitising of
/// the result come after them, in <see cref="ToolExecutor"/>.)
/// </summary>
/// <param name="mcp">The tools of MCP servers; null where there are none.</param>
internal sealed class ToolGates(ToolCatalog catalog, ToolArguments arguments, McpTools? mcp = null)
{
    /// <summary>Loads what the tools of MCP servers are judged by; at once where a run has none.</summary>
    /// <param name="toCall">Those of these calls are about to be judged; without it, those that the model is told of.</param>
    /// <exception cref="OperationCanceledException">The driver must stop.</exception>
    public async ValueTask PrepareAsync(Run run, IEnumerable<string>? toCall, CancellationToken cancellationToken)
    {
        if (mcp is not null && run.Agent.McpTools is { } pins)
        {
            await mcp.PrepareAsync(pins, toCall: false, cancellationToken);
            if (toCall is not null)
            {
                await mcp.PrepareAsync(pins.IntersectBy(toCall, pin => pin.CalledAs), toCall: true, cancellationToken);
            }
        }
    }

    /// <param name="asActivity">The call already runs as an activity of its own, so it is not distributed again.</param>
    /// <param name="canWait">The run can go on without whoever drives it now; without that nobody can be waited for.</param>
    public GateVerdict Judge(Run run, PendingCall call, DateTimeOffset now, bool asActivity = false, bool canWait = true)
    {
        var name = call.Content.Name;
        if (PinOf(run, name) is { } pin && (mcp is null ? $"The tool \"{name}\" is gone." : mcp.Obstacle(pin)) is { } obstacle)
        {
            return new GateVerdict.Refuse(obstacle);
        }

        if (Find(run, name) is not { } tool)
        {
            return new GateVerdict.Refuse($"There is no tool \"{Shorten(name)}\". Your tools: {Names(run)}.");
        }

        if (call.Content.HasUnreadableArguments())
        {
            return new GateVerdict.Refuse("The arguments are not a JSON object. Call the tool again with valid JSON.");
        }

        var validation = arguments.Validate(ShapeOf(tool), ArgumentsOf(call));
        if (validation.Errors.Count > 0)
        {
            return new GateVerdict.Refuse($"The arguments are not valid: {string.Join(" ", validation.Errors)}");
        }

        if (tool.ByClient)
        {
            return canWait ? new GateVerdict.AwaitClient() : new GateVerdict.Refuse("The caller makes this tool's calls, and this run cannot wait for it.");
        }

        if ((tool.RequiresApproval || run.Agent.AsksForApprovalOf(name)) && JudgeApproval(run, call, canWait) is { } verdict)
        {
            return verdict;
        }

        if (tool.Distributed && !canWait)
        {
            return new GateVerdict.Refuse("This tool runs apart from the run, which this run cannot wait for.");
        }

        return tool.AgentId is { } agentId
            ? JudgeDelegation(run, call, agentId, validation.Arguments["input"].GetString()!, asActivity)
            : JudgeAttempt(call, tool, validation.Arguments, now, asActivity);
    }

    private static GateVerdict JudgeAttempt(
        PendingCall call, AgentTool tool, IReadOnlyDictionary<string, JsonElement> arguments, DateTimeOffset now, bool asActivity) =>
        call.Intent switch
        {
            { UnknownAfter: { } until } when now < until => new GateVerdict.Wait(until),
            not null => new GateVerdict.OutcomeUnknown(),
            null when tool.Distributed && !asActivity => new GateVerdict.Distribute(),
            null => new GateVerdict.Execute(tool, arguments, Edited: call.Decision?.Arguments is not null),
        };

    private static GateVerdict JudgeDelegation(Run run, PendingCall call, string agentId, string input, bool asActivity)
    {
        if (DelegateTools.Obstacle(run, agentId) is { } reason)
        {
            return new GateVerdict.Refuse(reason);
        }

        return asActivity ? new GateVerdict.Delegate(agentId, input)
            : call.Intent?.ChildRun is { } child ? new GateVerdict.AwaitChild(child)
            : new GateVerdict.Distribute();
    }

    /// <summary>What is wrong with arguments that a human wants to put in the place of the model's; empty when nothing is.</summary>
    public IReadOnlyList<string> JudgeArguments(Run run, string name, JsonElement replacement) =>
        Find(run, name) is { } tool
            ? arguments.Validate(ShapeOf(tool), ToDictionary(replacement)).Errors
            : [$"There is no tool \"{Shorten(name)}\" for this run any more."];

    /// <summary>The tools this run's model is told of: those it may call.</summary>
    public IEnumerable<AgentTool> Offered(Run run) => run.Agent.ToolChoice == ToolChoice.None ? [] :
    [
        .. run.Agent.Tools.Select(name => DelegateNames.IsDelegate(name) ? DelegateTools.Describe(run, name) : Find(run, name)).OfType<AgentTool>(),
        .. run.Agent.McpTools?.Select(pin => FindMcp(run, pin)).OfType<AgentTool>() ?? [],
        .. run.ClientTools.Select(tool => tool.Tool),
    ];

    /// <summary>Whether there is a tool of this name, allowed or not.</summary>
    public bool Knows(Run run, string name) => catalog.TryGet(name, out _) || PinOf(run, name) is not null || DelegateTools.Find(run, name) is not null;

    /// <summary>The tool that a run's model may call by this name.</summary>
    private AgentTool? Find(Run run, string name) => run.ClientTools.FirstOrDefault(tool => tool.Name == name) is { } client ? client.Tool : FindOwn(run, name);

    private AgentTool? FindOwn(Run run, string name) => catalog.TryGet(name, out var tool)
        ? run.Agent.Tools.Contains(name) && IsAllowed(tool, run) ? tool : null
        : PinOf(run, name) is { } pin ? FindMcp(run, pin)
        : DelegateTools.Find(run, name);

    private static McpToolPin? PinOf(Run run, string name) => run.Agent.McpTools?.FirstOrDefault(pin => pin.CalledAs == name);

    private AgentTool? FindMcp(Run run, McpToolPin pin) => mcp?.Find(pin) is { } tool && IsAllowed(tool, run) ? tool : null;

    /// <summary>Schemas are kept for each tool there is, and agents have the same.</summary>
    private static AgentTool ShapeOf(AgentTool tool) => tool.AgentId is null ? tool : DelegateTools.Shape;

    /// <returns>Null when the call is approved.</returns>
    private static GateVerdict? JudgeApproval(Run run, PendingCall call, bool canWait) => call.Decision switch
    {
        null when !canWait => new GateVerdict.Refuse("This tool needs the approval of a human, whom this run cannot wait for."),
        null => new GateVerdict.AwaitApproval(),
        { Outcome: ApprovalOutcome.Expire } => new GateVerdict.Deny("Nobody approved this call in time; it was not made."),
        { Outcome: ApprovalOutcome.Deny, Reason: { Length: > 0 } reason } => new GateVerdict.Deny($"A human denied this call; it was not made. Reason: {reason}"),
        { Outcome: ApprovalOutcome.Approve } decision when decision.ArgumentsHash == ArgumentsHash.Of(run.Id, call) => null,
        _ => new GateVerdict.Deny("A human denied this call; it was not made."),
    };

    private static IDictionary<string, object?>? ArgumentsOf(PendingCall call) =>
        call.Decision?.Arguments is { } replacement ? ToDictionary(replacement) : call.Content.Arguments;

    private static Dictionary<string, object?> ToDictionary(JsonElement arguments) =>
        arguments.EnumerateObject().ToDictionary(property => property.Name, property => (object?)property.Value, StringComparer.Ordinal);

    private static bool IsAllowed(AgentTool tool, Run run) =>
        tool.Roles.Count == 0 || tool.Roles.Any(run.Caller.Roles.Contains);

    private string Names(Run run) => string.Join(", ", Offered(run).Select(tool => tool.Name)) is { Length: > 0 } names ? names : "none";

    private static string Shorten(string name) => name.Length <= 64 ? name : $"{name.AsSpan(0, 64)}…";
}
