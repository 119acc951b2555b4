using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Notifications.Callbacks;
using Yggdrasil.Security;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Runs;

/// <summary>A run that is about to start.</summary>
/// <param name="Entries">What its journal begins with.</param>
internal sealed record NewRun(Run Run, IReadOnlyList<JournalEntry> Entries)
{
    /// <summary>What the model is shown first.</summary>
    public IReadOnlyList<ChatMessage> Messages => new Transcript([], Entries).Messages;

    /// <summary>A run that begins with nothing but its input.</summary>
    public static NewRun Of(string id, Caller caller, Agent agent, StartRun request, DateTimeOffset now) => new(
        new Run
        {
            Id = id,
            Driver = Ids.Driver(id, 0),
            Caller = caller,
            AgentId = agent.Id,
            AgentVersion = agent.Version,
            AgentKey = agent.Key,
            Agent = agent.Definition with { MaxTurns = request.MaxTurns ?? agent.Definition.MaxTurns },
            ConversationId = request.ConversationId,
            OnConflict = request.OnConflict,
            Stream = request.Stream,
            Metadata = request.Metadata,
            Notices = request.CallbackUrl is null ? request.Notices : [RunCallback.Notice, .. request.Notices],
            CallbackUrl = request.CallbackUrl,
            Callback = request.CallbackUrl is null ? null : new CallbackState(CallbackStatus.Waiting, Attempts: 0, LastError: null),
            TraceParent = RunSpans.BeginTrace(),
            CreatedAt = now,
            Deadline = now.AddSeconds(request.DeadlineSeconds ?? agent.Definition.DeadlineSeconds),
            Status = RunStatus.Queued,
            LeaseUntil = DateTimeOffset.UnixEpoch,
        },
        [Input(request, now)]);

    /// <summary>The first entry of a run that begins with nothing but its input.</summary>
    public static JournalEntry Input(StartRun request, DateTimeOffset now) => new() { Kind = EntryKind.Input, StartedAt = now, Messages = request.Input };
}
