using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Redaction;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Telemetry;

namespace Yggdrasil.Runs.Model;

/// <summary>A run that is about to start.</summary>
/// <param name="Entries">What its journal begins with.</param>
internal sealed record NewRun(Run Run, IReadOnlyList<JournalEntry> Entries)
{
    /// <summary>What the model is shown first.</summary>
    public IReadOnlyList<ChatMessage> Messages => new Transcript([], Entries).Messages;

    /// <summary>A run that begins with nothing but its input.</summary>
    public static NewRun Of(string id, Caller caller, AgentSnapshot agent, StartRun request, DateTimeOffset now) => new(
        new Run
        {
            Id = id,
            Driver = Ids.Driver(id, 0),
            Caller = caller.ForWork(),
            AgentId = agent.Id,
            AgentVersion = agent.Version,
            AgentKey = agent.Key,
            Agent = request.Overrides.ApplyTo(agent.Definition) with
            {
                MaxTurns = request.MaxTurns ?? agent.Definition.MaxTurns,
                Redaction = (RedactionMode)Math.Max((int)agent.Definition.Redaction, (int)(request.Inherited?.Redaction ?? RedactionMode.Off)),
            },
            ClientTools = request.ClientTools,
            ConversationId = request.ConversationId,
            OnConflict = request.OnConflict,
            BeginsAnew = request.BeginsAnew,
            InputIsList = request.InputIsList,
            Stream = request.Stream,
            Metadata = request.Metadata,
            Notices = [.. NoticesOf(request, agent.Definition)],
            Parent = request.Inherited?.Parent,
            Ancestors = request.Inherited?.Ancestors ?? [],
            CallbackUrl = request.CallbackUrl,
            Callback = request.CallbackUrl is null ? null : new CallbackState(CallbackStatus.Waiting, Attempts: 0, LastError: null),
            TraceParent = RunSpans.BeginTrace(),
            CreatedAt = now,
            Deadline = Earlier(request.Inherited?.Deadline, now.AddSeconds(request.DeadlineSeconds ?? agent.Definition.DeadlineSeconds)),
            Status = RunStatus.Queued,
            LeaseUntil = DateTimeOffset.UnixEpoch,
        },
        [Input(request, now)]);

    /// <summary>The first entry of a run that begins with nothing but its input.</summary>
    public static JournalEntry Input(StartRun request, DateTimeOffset now) => new() { Kind = EntryKind.Input, StartedAt = now, Messages = request.Input };

    private static IEnumerable<RunNotice> NoticesOf(StartRun request, AgentDefinition agent) =>
        [.. request.CallbackUrl is null ? Enumerable.Empty<RunNotice>() : [RunCallback.Notice], .. ChildrenNotice.Of(agent), .. request.Notices];

    private static DateTimeOffset Earlier(DateTimeOffset? one, DateTimeOffset other) => one < other ? one.Value : other;
}
