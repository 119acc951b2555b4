using System.Text;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Client;

/// <summary>Updates from the events of a run: each text once, also where deltas were missed or are void.</summary>
/// <param name="runId">The run; null for one that its first event names.</param>
/// <param name="answered">The calls with whose answers the request goes on: what came before them was told.</param>
internal sealed class ChatStream(string? runId, IEnumerable<string>? answered)
{
    private readonly HashSet<string> _answered = [.. answered ?? []];
    private readonly StringBuilder _told = new();
    private int _turn;
    private int _begins;
    private string? _voided;
    private string? _conversationId;

    public string? RunId { get; private set; } = runId;

    /// <summary>Whether events are of what an earlier request was told.</summary>
    public bool IsSkipping => _answered.Count > 0;

    private string MessageId => _begins == 0 ? $"{RunId}-{_turn}" : $"{RunId}-{_turn}-{_begins}";

    /// <exception cref="RunNotCompletedException">The run has ended in another way.</exception>
    public IEnumerable<ChatResponseUpdate> Tell(RunEvent item)
    {
        if (item is RunStartedEvent started)
        {
            (RunId, _conversationId) = (started.RunId, started.ConversationId);
        }
        else if (item is RunEndedEvent ended)
        {
            yield return End(ended.Run.EnsureCompleted());
        }
        else if (IsSkipping)
        {
            _answered.Remove((item as ToolAwaitedEvent)?.CallId ?? "");
        }
        else if (item is ModelDeltaEvent delta)
        {
            Begin(delta.Turn);
            yield return Text(delta.Text, item);
        }
        else if (item is ModelRestartedEvent restarted)
        {
            Begin(restarted.Turn);
            Void();
        }
        else if (item is ModelCompletedEvent { Text: var whole } completed)
        {
            Begin(completed.Turn);
            if (!whole.StartsWith(_told.ToString(), StringComparison.Ordinal))
            {
                Void();
            }

            if (whole.Length > _told.Length)
            {
                yield return Text(whole[_told.Length..], item);
            }
        }
    }

    /// <summary>The last update: of a run that has completed, or that waits for its caller's tools.</summary>
    public ChatResponseUpdate End(Run run)
    {
        // The usage is that of the whole run: told before its end, who adds up would count it twice.
        var update = NewUpdate(run, run.HasEnded ? [new UsageContent(ChatAnswer.UsageOf(run.Usage))] : [.. ChatAnswer.CallsOf(run)]);
        update.FinishReason = ChatAnswer.FinishReasonOf(run);
        update.ModelId = run.ServedBy.Count == 0 ? null : run.ServedBy[^1];
        return update;
    }

    private void Begin(int turn)
    {
        if (turn != _turn)
        {
            (_turn, _begins, _voided) = (turn, 0, null);
            _told.Clear();
        }
    }

    /// <summary>What was told of this turn does not count; what comes next takes its place.</summary>
    private void Void()
    {
        if (_told.Length > 0)
        {
            _voided = MessageId;
            _begins++;
            _told.Clear();
        }
    }

    private ChatResponseUpdate Text(string text, RunEvent source)
    {
        _told.Append(text);
        var update = NewUpdate(source, [new TextContent(text)]);
        if (_voided is not null)
        {
            update.AdditionalProperties = new AdditionalPropertiesDictionary { [YggdrasilChatExtensions.VoidsMessage] = _voided };
            _voided = null;
        }

        return update;
    }

    private ChatResponseUpdate NewUpdate(object source, IList<AIContent> contents) => new(ChatRole.Assistant, contents)
    {
        ResponseId = RunId,
        MessageId = MessageId,
        ConversationId = _conversationId,
        RawRepresentation = source,
    };
}
