using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Conversations;

namespace Yggdrasil.Runs.Model;

/// <summary>A call the model asked for that has no result yet.</summary>
/// <param name="CallId">Our id of it, such as <c>t3c0</c>.</param>
/// <param name="Intent">The recorded beginning of an attempt at it, if there was one.</param>
internal sealed record PendingCall(string CallId, int Turn, FunctionCallContent Content, JournalEntry? Intent)
{
    /// <summary>The recorded question whether it may be made, or the request to its caller to make it, if there was one.</summary>
    public JournalEntry? Request { get; init; }

    /// <summary>Whether its caller was asked to make it.</summary>
    public bool IsWithClient => Request is { Kind: EntryKind.ToolAwaited };

    /// <summary>The recorded answer to <see cref="Request"/>.</summary>
    public ApprovalDecision? Decision { get; init; }
}

/// <summary>What a run's journal says, folded: the messages so far and what the last answer still waits for.</summary>
internal sealed class Transcript
{
    private readonly List<JournalEntry> _entries = [];
    private readonly List<ChatMessage> _messages = [];
    private readonly List<JournalEntry> _results = [];
    private readonly Dictionary<string, JournalEntry> _intents = [];
    private readonly Dictionary<string, JournalEntry> _requests = [];
    private readonly Dictionary<string, ApprovalDecision> _decisions = [];
    private List<ChatMessage> _before;
    private JournalEntry? _answer;

    /// <param name="history">The messages before this run's own.</param>
    /// <param name="entries">This run's entries, in order.</param>
    public Transcript(IEnumerable<ChatMessage> history, IEnumerable<JournalEntry> entries)
    {
        _before = [.. history];
        foreach (var entry in entries)
        {
            Add(entry);
        }
    }

    /// <summary>This run's entries, in order.</summary>
    public IReadOnlyList<JournalEntry> Entries => _entries;

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

    /// <summary>Whether the model was asked to correct its answer to the last input already; it is asked once.</summary>
    public bool HasRepair { get; private set; }

    /// <summary>The conversation before this run, as far as it was loaded.</summary>
    public ConversationHistory? History { get; private set; }

    /// <summary>Every message in order, tool results in the order of their calls.</summary>
    /// <remarks>Results are recorded as they arrive; providers want them, and caches match them, in call order.</remarks>
    public IReadOnlyList<ChatMessage> All => [.. _before, .. _messages, .. OrderedResults()];

    /// <summary>How many messages, from the first, the model is not shown any more.</summary>
    public int Start { get; private set; }

    /// <summary>What stands for them, and for what was left out before.</summary>
    public ChatMessage? Summary { get; private set; }

    /// <summary>What the model is shown next.</summary>
    public IReadOnlyList<ChatMessage> Messages => ContextCut.View(All, Start, Summary);

    /// <summary>Puts the conversation so far before this run's messages.</summary>
    public void Precede(ConversationHistory history)
    {
        History = history;
        _before = [.. history.Messages];
        Summary ??= history.Summary;
    }

    /// <summary>Shows the model no message before this one any more.</summary>
    public void LeaveOut(int start) => Start = start;

    public void Add(JournalEntry entry)
    {
        _entries.Add(entry);
        switch (entry.Kind)
        {
            case EntryKind.Input:
                CloseTurn();
                _messages.AddRange(entry.Messages);
                HasRepair = false;
                break;
            case EntryKind.Repair:
                CloseTurn();
                _messages.AddRange(entry.Messages);
                HasRepair = true;
                break;
            case EntryKind.Model:
                CloseTurn();
                _messages.AddRange(entry.Messages);
                _answer = entry;
                LastText = entry.Text() is { Length: > 0 } text ? text : LastText;
                break;
            case EntryKind.Intent:
                _intents[entry.CallId!] = entry;
                break;
            case EntryKind.ApprovalRequested or EntryKind.ToolAwaited:
                _requests[entry.CallId!] = entry;
                break;
            case EntryKind.ApprovalDecided:
                _decisions[entry.CallId!] = entry.Decision!;
                break;
            case EntryKind.Tool:
                _results.Add(entry);
                break;
            case EntryKind.Summary:
                // One that no model made was paid for, and what it was to stand for is left out all the same.
                (Start, Summary) = (entry.Covers, entry.Messages.Count > 0 ? entry.Messages[0] : Summary);
                break;
            default:
                throw new ArgumentException($"The journal holds an entry of unknown kind {entry.Kind}.", nameof(entry));
        }
    }

    /// <summary>What comes next follows the results of the last answer's calls.</summary>
    private void CloseTurn()
    {
        _messages.AddRange(OrderedResults());
        _results.Clear();
        _intents.Clear();
        _requests.Clear();
        _decisions.Clear();
        _answer = null;
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
