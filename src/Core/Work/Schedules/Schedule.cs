using Azure;
using Microsoft.Extensions.AI;
using Yggdrasil.Identity;

namespace Yggdrasil.Work.Schedules;

/// <summary>The fields of a schedule that a caller sets.</summary>
public sealed record ScheduleDefinition
{
    /// <summary>The agent, by the id under which the owner may run it.</summary>
    public required string Agent { get; init; }

    /// <summary>What each run begins with.</summary>
    public required IReadOnlyList<ChatMessage> Input { get; init; }

    /// <summary>Five fields: minute, hour, day of month, month, day of week. So runs are at least a minute apart.</summary>
    public required string Cron { get; init; }

    /// <summary>The IANA time zone whose clock <see cref="Cron"/> means.</summary>
    public required string TimeZone { get; init; }

    /// <summary>The conversation that each run continues; a run that finds it busy waits in its queue.</summary>
    public string? ConversationId { get; init; }

    /// <summary>After an outage, whether one run makes up for all that were missed, or they are passed over.</summary>
    public bool CatchUp { get; init; }

    public bool Enabled { get; init; } = true;
}

/// <summary>A schedule as stored in its row.</summary>
public sealed record Schedule
{
    public required string Id { get; init; }

    /// <summary>Whose runs it starts; with the roles that its owner had when putting it, where it was read with its content.</summary>
    public required Caller Caller { get; init; }

    public required ScheduleDefinition Definition { get; init; }

    /// <summary>Distinguishes it from an earlier one of the same id, so that its runs are its own.</summary>
    public required string Incarnation { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The occurrence that is to be started next; null when it is disabled, or has none any more.</summary>
    public DateTimeOffset? NextRunAt { get; init; }

    /// <summary>The last occurrence that was started.</summary>
    public DateTimeOffset? LastRunAt { get; init; }

    public string? LastRunId { get; init; }

    /// <summary>Why the last occurrence was not started, as an error code; null when it was.</summary>
    public string? LastError { get; init; }

    /// <summary>Occurrences in a row that could not be started because of what the schedule itself says.</summary>
    public int Failures { get; init; }

    /// <summary>The input as its row holds it, for whoever reads the row without its content.</summary>
    internal byte[] StoredInput { get; init; } = [];

    /// <summary>The roles of its caller as its row holds them; null where there are none, or a version before this one wrote it.</summary>
    internal byte[]? StoredRoles { get; init; }

    public ETag ETag { get; init; }
}
