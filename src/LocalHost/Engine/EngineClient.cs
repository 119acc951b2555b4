using System.Text.Json;
using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Converters;
using Yggdrasil.LocalHost.Engine.Storage;

namespace Yggdrasil.LocalHost.Engine;

/// <summary>The engine as function classes see it.</summary>
internal sealed class EngineClient(OrchestrationEngine engine, TimeProvider time, EventChaos chaos)
    : DurableTaskClient("LocalHost")
{
    private static readonly JsonDataConverter Converter = JsonDataConverter.Default;

    public override Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName,
        object? input = null,
        StartOrchestrationOptions? options = null,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(orchestratorName.Name, nameof(orchestratorName));
        Unsupported.Refuse(options?.Version is not null, "StartOrchestrationOptions.Version");
        Unsupported.Refuse(options?.Tags.Count > 0, "StartOrchestrationOptions.Tags");
        cancellation.ThrowIfCancellationRequested();
        var id = options?.InstanceId ?? Guid.NewGuid().ToString("N");
        var startAt = options?.StartAt?.UtcDateTime;
        var now = time.GetUtcNow().UtcDateTime;
        if (!engine.Instances.TryCreate(
            id, orchestratorName.Name, Converter.Serialize(input), now, startAt, KeptStatuses(options)))
        {
            throw new OrchestrationAlreadyExistsException($"An Orchestration instance with the ID {id} already exists.");
        }

        if (startAt > now)
        {
            engine.Arm(startAt.Value);
        }
        else
        {
            engine.Signal(id);
        }

        return Task.FromResult(id);
    }

    public override Task RaiseEventAsync(
        string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        cancellation.ThrowIfCancellationRequested();
        var instances = engine.Instances;
        var raised = new HistoryEvent(HistoryKind.EventRaised, Name: eventName, Data: Converter.Serialize(eventPayload));
        if (chaos.Drops(instanceId, eventName))
        {
            return Task.CompletedTask;
        }

        if (chaos.Delay > TimeSpan.Zero)
        {
            var due = time.GetUtcNow().UtcDateTime + chaos.Delay;
            instances.RaiseAt(instanceId, raised, due);
            engine.Arm(due);
        }
        else if (instances.Raise(instanceId, raised))
        {
            engine.Signal(instanceId);
        }

        return Task.CompletedTask;
    }

    public override Task<OrchestrationMetadata?> GetInstancesAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(engine.Instances.Find(instanceId) is { } found ? Metadata(found, getInputsAndOutputs) : null);
    }

    public override Task<PurgeResult> PurgeInstanceAsync(
        string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult(new PurgeResult(engine.Instances.Purge(instanceId) ? 1 : 0));
    }

    /// <exception cref="NotSupportedException">Always.</exception>
    public override Task<OrchestrationMetadata> WaitForInstanceStartAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) => throw Unsupported.Member();

    /// <exception cref="NotSupportedException">Always.</exception>
    public override Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(
        string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) => throw Unsupported.Member();

    /// <exception cref="NotSupportedException">Always.</exception>
    public override Task SuspendInstanceAsync(
        string instanceId, string? reason = null, CancellationToken cancellation = default) => throw Unsupported.Member();

    /// <exception cref="NotSupportedException">Always.</exception>
    public override Task ResumeInstanceAsync(
        string instanceId, string? reason = null, CancellationToken cancellation = default) => throw Unsupported.Member();

    /// <exception cref="NotSupportedException">Always.</exception>
    public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null) => throw Unsupported.Member();

    /// <summary>Nothing to do: the engine owns what there is to dispose.</summary>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // Like the Functions extension: the statuses asked for, on top of its own default, by which only a terminal instance
    // can be replaced.
    private static HashSet<OrchestrationRuntimeStatus> KeptStatuses(StartOrchestrationOptions? options) =>
    [
        .. (options?.DedupeStatuses ?? []).Select(text => Enum.TryParse<OrchestrationRuntimeStatus>(text, true, out var status)
            ? status
            : throw new ArgumentException($"Invalid orchestration runtime status: '{text}' for deduplication.", nameof(options))),
    ];

    private static OrchestrationMetadata Metadata(InstanceRecord found, bool withData) => new(found.Name, found.Id)
    {
        RuntimeStatus = found.Status,
        CreatedAt = found.CreatedAt,
        LastUpdatedAt = found.UpdatedAt,
        DataConverter = withData ? Converter : null,
        SerializedInput = withData ? found.Input : null,
        SerializedOutput = withData ? found.Output : null,
        FailureDetails = withData && found.Failure is { } failure
            ? JsonSerializer.Deserialize<TaskFailureDetails>(failure)
            : null,
    };
}
