namespace Microsoft.DurableTask;

/// <summary>How a new instance is to be started.</summary>
public record StartOrchestrationOptions
{
    public StartOrchestrationOptions(string? InstanceId = null, DateTimeOffset? StartAt = null)
    {
        this.InstanceId = InstanceId;
        this.StartAt = StartAt;
    }

    public StartOrchestrationOptions(StartOrchestrationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        InstanceId = options.InstanceId;
        StartAt = options.StartAt;
        DedupeStatuses = options.DedupeStatuses;
    }

    /// <summary>The instance's id; a new GUID when null.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Not before this time; at once when null or past.</summary>
    public DateTimeOffset? StartAt { get; init; }

    /// <summary>The statuses in which an existing instance of the same id makes the start fail.</summary>
    public IReadOnlyList<string>? DedupeStatuses { get; init; }
}
