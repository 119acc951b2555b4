using Microsoft.Extensions.AI;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Functions.Http.Schedules;

/// <summary>A schedule, as the contract shows it.</summary>
/// <param name="Input">As it was given: a text, or a list of messages; absent where it cannot be read.</param>
internal sealed record ScheduleDocument(
    string Id,
    string Agent,
    object? Input,
    string Cron,
    string TimeZone,
    string? ConversationId,
    string CatchUp,
    bool Enabled,
    DateTimeOffset? NextRunAt,
    DateTimeOffset? LastRunAt,
    string? LastRunId,
    string? LastError,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public const string Skip = "skip";
    public const string MakeUp = "catchUp";

    public static ScheduleDocument From(Schedule schedule)
    {
        var definition = schedule.Definition;
        return new(
            schedule.Id,
            definition.Agent,
            InputOf(definition.Input),
            definition.Cron,
            definition.TimeZone,
            definition.ConversationId,
            definition.CatchUp ? MakeUp : Skip,
            definition.Enabled,
            schedule.NextRunAt,
            schedule.LastRunAt,
            schedule.LastRunId,
            schedule.LastError,
            schedule.CreatedAt,
            schedule.UpdatedAt);
    }

    private static object? InputOf(IReadOnlyList<ChatMessage> input) => input switch
    {
        [] => null,
        [var only] => only.Text,
        _ => input.Select(message => new { Role = message.Role.Value, Content = message.Text }),
    };
}
