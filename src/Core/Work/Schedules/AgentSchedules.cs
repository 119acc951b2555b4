using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Agents.Files;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Protection;

namespace Yggdrasil.Work.Schedules;

/// <summary>The schedules of agents whose files have a timer: kept like a user's own, and changed by a change of the file alone.</summary>
/// <remarks>
/// Files are the truth. What is stored is brought to what they say when an instance begins and every few minutes after that; a schedule that
/// no file stands behind any more is removed when it comes up. While two versions of the app run, an old instance may so remove what a new one
/// has put, and the new one puts it again.
/// </remarks>
internal sealed class AgentSchedules(ConfiguredAgents agents, AgentFileOptions options, ScheduleStore store, ScheduleService schedules, TimeProvider time)
{
    // Ids that users choose have no '~'.
    private const string Prefix = "agent~";

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    private long? _lookedAt;

    /// <summary>Whether it is one of these; a user can read it, and neither put nor delete it.</summary>
    public static bool IsId(string scheduleId) => scheduleId.StartsWith(Prefix, StringComparison.Ordinal) && Ids.IsValid(scheduleId[Prefix.Length..]);

    public static string IdOf(string agentId) => Prefix + agentId;

    /// <summary>Whether no file says any more that there is such a schedule.</summary>
    public bool IsStale(Schedule schedule) =>
        IsId(schedule.Id) && (schedule.Caller.Owner != Caller?.Owner || !agents.Timers.Any(timer => IdOf(timer.AgentId) == schedule.Id));

    /// <summary>Brings what is stored to what the files say, unless that was done a moment ago.</summary>
    public async Task PutAsync(CancellationToken cancellationToken)
    {
        if (Caller is not { } caller || (_lookedAt is { } before && time.GetElapsedTime(before) < Interval))
        {
            return;
        }

        foreach (var timer in agents.Timers)
        {
            await PutAsync(caller, timer, cancellationToken);
        }

        _lookedAt = time.GetTimestamp();
    }

    private Caller? Caller => options.RunAs is { Tenant: { } tenant, User: { } user } ? new Caller(new Owner(tenant, user), new HashSet<string>()) : null;

    private async Task PutAsync(Caller caller, AgentTimer timer, CancellationToken cancellationToken)
    {
        var definition = new ScheduleDefinition
        {
            Agent = timer.AgentId,
            Input = [new ChatMessage(ChatRole.User, timer.Input)],
            Cron = timer.Cron,
            TimeZone = timer.TimeZone,
            CatchUp = timer.CatchUp,
        };
        if (await FindAsync(caller, timer, cancellationToken) is not { } stored || Differ(stored, definition))
        {
            await schedules.SaveAsync(caller, IdOf(timer.AgentId), definition, maxPerOwner: int.MaxValue, cancellationToken);
        }
    }

    private async Task<ScheduleDefinition?> FindAsync(Caller caller, AgentTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return (await store.FindAsync(caller.Owner.Partition, IdOf(timer.AgentId), cancellationToken))?.Definition;
        }
        catch (ContentProtectionException)
        {
            // Its input is in the file, so it can be written again.
            return null;
        }
    }

    /// <remarks>One that failed too often is disabled. It has its next chance when an instance begins, as with a deployment.</remarks>
    private bool Differ(ScheduleDefinition stored, ScheduleDefinition wanted) =>
        (stored.Agent, stored.Cron, stored.TimeZone, stored.CatchUp) != (wanted.Agent, wanted.Cron, wanted.TimeZone, wanted.CatchUp)
        || stored.Input is not [var input] || input.Text != wanted.Input[0].Text
        || (!stored.Enabled && _lookedAt is null);
}
