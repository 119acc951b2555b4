using System.Text.Json;
using System.Text.Json.Serialization;

namespace Yggdrasil.Client.Sending;

/// <summary>The documents of the contract, as generated code reads and writes them. Fields that it does not know are left out.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, NumberHandling = JsonNumberHandling.Strict)]
[JsonSerializable(typeof(Run))]
[JsonSerializable(typeof(Page<Run>))]
[JsonSerializable(typeof(Page<RunStep>))]
[JsonSerializable(typeof(StartRun))]
[JsonSerializable(typeof(InvokeAgent))]
[JsonSerializable(typeof(ForkRun))]
[JsonSerializable(typeof(EventTicket))]
[JsonSerializable(typeof(ToolAnswer))]
[JsonSerializable(typeof(Page<Approval>))]
[JsonSerializable(typeof(ApprovalDecision))]
[JsonSerializable(typeof(Agent))]
[JsonSerializable(typeof(Page<Agent>))]
[JsonSerializable(typeof(AgentDefinition))]
[JsonSerializable(typeof(Page<Tool>))]
[JsonSerializable(typeof(Conversation))]
[JsonSerializable(typeof(Page<Conversation>))]
[JsonSerializable(typeof(Page<Message>))]
[JsonSerializable(typeof(ProblemAnswer))]
[JsonSerializable(typeof(CallbackMessage))]
[JsonSerializable(typeof(InputMessage[]))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(RunStartedEvent))]
[JsonSerializable(typeof(ModelDeltaEvent))]
[JsonSerializable(typeof(ModelRestartedEvent))]
[JsonSerializable(typeof(ModelCompletedEvent))]
[JsonSerializable(typeof(ToolStartedEvent))]
[JsonSerializable(typeof(ToolCompletedEvent))]
[JsonSerializable(typeof(ToolAwaitedEvent))]
[JsonSerializable(typeof(ApprovalRequiredEvent))]
[JsonSerializable(typeof(ApprovalDecidedEvent))]
internal sealed partial class ClientJson : JsonSerializerContext;

/// <summary>A page of a list.</summary>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>What a call of the caller's own tool came to.</summary>
internal sealed record ToolAnswer(JsonElement? Result, string? Error);

/// <summary>A decision about a tool call.</summary>
internal sealed record ApprovalDecision(string Decision, string ArgumentsHash, string? Reason, JsonElement? Arguments);
