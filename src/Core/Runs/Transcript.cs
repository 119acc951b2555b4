using Microsoft.Extensions.AI;
using Yggdrasil.Runs.Approvals;

namespace Yggdrasil.Runs;

/// <summary>A call the model asked for that has no result yet.</summary>
/// <param name="CallId">Our id of it, such as <c>t3c0</c>.</param>
/// <param name="Intent">The recorded beginning of an attempt at it, if there was one.</param>
internal sealed record PendingCall(string CallId, int Turn, FunctionCallContent Content, JournalEntry? Intent)
{
    /// <summary>The recorded question whether it may be made, if there was one.</summary>
    public JournalEntry? Request { get; init; }

    /// <summary>The recorded answer to <see cref="Request"/>.</summary>
    public ApprovalDecision? Decision { get; init; }
}

/// <summary>What a run's journal says, folded: the messages so far and what the last answer still waits for.</summary>
internal sealed class Transcript
{
    private readonly List<ChatMessage> _messages;
    private readonly List<JournalEntry> _results = [];
    private readonly Dictionary<string, JournalEntry> _intents = [];
    private readonly Dictionary<string, JournalEntry> _requests = [];
    private readonly Dictionary<string, ApprovalDecision> _decisions = [];
    private JournalEntry? _answer;

    /// <param name="history">The messages of the conversation before this run.</param>
    /// <param name="entries">This run's entries, in order.</param>
    public Transcript(IEnumerable<ChatMessage> history, IEnumerable<JournalEntry> entries)
    {
        _messages = [.. history];
        foreach (var entry in entries)
        {
            Add(entry);
        }
    }

    /// <summary>The text of the last answer that had any.</summary>
    public string? LastText { get; private set; }

    /// <summary>The calls of the last answer without a result, in the order the model asked for them.</summary>
    public IReadOnlyList<PendingCall> PendingCalls
    {
        get
        {
            if (_answer is null)
            {
                return [];
            }

            var finished = _results.Select(result => result.CallId).ToHashSet();
            return [.. _answer.ToolCalls()
                .Select((content, index) => (content, id: Ids.ToolCall(_answer.Turn, index)))
                .Where(call => !finished.Contains(call.id))
                .Select(call => new PendingCall(call.id, _answer.Turn, call.content, _intents.GetValueOrDefault(call.id))
                {
                    Request = _requests.GetValueOrDefault(call.id),
                    Decision = _decisions.GetValueOrDefault(call.id),
                })];
        }
    }

    /// <summary>What the model is shown next: every message, tool results in the order of their calls.</summary>
    /// <remarks>Results are recorded as they arrive; providers want them, and caches match them, in call order.</remarks>
    public IReadOnlyList<ChatMessage> Messages => [.. _messages, .. OrderedResults()];

    public void Add(JournalEntry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.Input:
                _messages.AddRange(entry.Messages);
                break;
            case EntryKind.Model:
                _messages.AddRange(OrderedResults());
                _messages.AddRange(entry.Messages);
                _results.Clear();
                _intents.Clear();
                _requests.Clear();
                _decisions.Clear();
                _answer = entry;
                LastText = entry.Text() is { Length: > 0 } text ? text : LastText;
                break;
            case EntryKind.Intent:
                _intents[entry.CallId!] = entry;
                break;
            case EntryKind.ApprovalRequested:
                _requests[entry.CallId!] = entry;
                break;
            case EntryKind.ApprovalDecided:
                _decisions[entry.CallId!] = entry.Decision!;
                break;
            case EntryKind.Tool:
                _results.Add(entry);
                break;
            default:
                throw new InvalidOperationException($"The journal holds an entry of unknown kind {entry.Kind}.");
        }
    }

    private IEnumerable<ChatMessage> OrderedResults()
    {
        if (_results.Count == 0)
        {
            return [];
        }

        var order = _answer!.ToolCalls().Select((_, index) => Ids.ToolCall(_answer!.Turn, index)).ToList();
        return _results.OrderBy(result => order.IndexOf(result.CallId!)).SelectMany(result => result.Messages);
    }
}
