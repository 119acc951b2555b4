using System.Text.Json.Serialization;
using ModelContextProtocol.Protocol;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage.Due;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>The answer to a call whose run goes on: a task, whose id is the run's.</summary>
internal sealed class CreatedTask : Result
{
    /// <summary>How long a client is to wait before it looks again, in milliseconds.</summary>
    public const int PollInterval = 2000;

    private CreatedTask() => ResultType = "task";

    [JsonPropertyName(TaskProtocol.TaskId)]
    public required string TaskId { get; init; }

    [JsonPropertyName("status")]
    public string Status { get; } = "working";

    [JsonPropertyName("createdAt")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("lastUpdatedAt")]
    public required DateTimeOffset LastUpdatedAt { get; init; }

    /// <summary>Null for a run that is kept for ever.</summary>
    [JsonPropertyName("ttlMs")]
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required long? TtlMs { get; init; }

    [JsonPropertyName("pollIntervalMs")]
    public int PollIntervalMs { get; } = PollInterval;

    public static CreatedTask Of(Run run, RetentionOptions retention) => new()
    {
        TaskId = run.Id,
        CreatedAt = run.CreatedAt,
        LastUpdatedAt = UpdatedAt(run),
        TtlMs = TtlOf(run, retention),
    };

    public static DateTimeOffset UpdatedAt(Run run) => run.CompletedAt ?? run.StartedAt ?? run.CreatedAt;

    /// <summary>How long a run is kept at least, in milliseconds from its start; null for ever.</summary>
    public static long? TtlOf(Run run, RetentionOptions retention) =>
        (run.Agent.RetentionDays ?? retention.Days) is > 0 and var days ? days * (long)TimeSpan.MillisecondsPerDay : null;
}
