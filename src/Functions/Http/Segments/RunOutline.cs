using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.Segments;

internal enum OutlineKind
{
    /// <summary>The model answered.</summary>
    Answer,

    /// <summary>A call that is made here begins.</summary>
    Call,

    /// <summary>A call that is made here has its result.</summary>
    Result,

    /// <summary>The caller is to make a call.</summary>
    ClientCall,

    /// <summary>The caller is to decide about a call.</summary>
    ApprovalRequest,

    /// <summary>A call was not approved, and is not made.</summary>
    Denied,

    /// <summary>All that the run waits for is the caller: the answer to the request ends, and the next request goes on.</summary>
    End,
}

/// <param name="Entry">Of the journal.</param>
/// <param name="Tokens">For an end: what the segment has used.</param>
internal readonly record struct OutlineStep(
    OutlineKind Kind, int Segment, JournalEntry Entry, string? CallId = null, FunctionCallContent? Call = null, SegmentTokens Tokens = default);

/// <summary>What a segment's model calls have used.</summary>
internal readonly record struct SegmentTokens(long Input, long Output, long Cached, long Reasoning)
{
    /// <summary>What a whole run has used.</summary>
    public static SegmentTokens Of(Run run) =>
        new(run.Usage.InputTokens, run.Usage.OutputTokens, run.Usage.CachedInputTokens ?? 0, run.Usage.ReasoningTokens ?? 0);

    public SegmentTokens Plus(JournalEntry entry) => new(
        Input + (entry.InputTokens ?? 0), Output + (entry.OutputTokens ?? 0), Cached + (entry.CachedInputTokens ?? 0), Reasoning + (entry.ReasoningTokens ?? 0));

    public SegmentTokens Plus(SegmentTokens other) => new(Input + other.Input, Output + other.Output, Cached + other.Cached, Reasoning + other.Reasoning);
}

/// <summary>A run's journal, in order, as the steps that the protocols tell of, cut into segments where the run waits for its caller alone.</summary>
/// <remarks>
/// <code>
///   answer · own call · client call · result │ answer · approval request │ own call · result · answer
///   └──────────── segment 1 ────────────────┘└──────── segment 2 ───────┘└──────── segment 3 ───────
/// </code>
/// It depends on the journal alone, so early and late readers see the same. What is settled of a call that waited belongs to the segment after
/// the wait, also where another call of its turn took longer.
/// </remarks>
/// <param name="runOf">The run, once it is known.</param>
/// <param name="waits">Approvals are decided elsewhere, and the answer waits for them.</param>
internal sealed class RunOutline(Func<Run> runOf, ToolCatalog catalog, bool waits)
{
    private readonly Dictionary<string, FunctionCallContent> _calls = [];
    private readonly HashSet<string> _begun = [];
    private readonly HashSet<string> _withClient = [];

    /// <summary>Calls of the last answer that have neither a result nor somebody outside to wait for.</summary>
    private readonly HashSet<string> _open = [];
    private readonly HashSet<string> _awaited = [];
    private readonly List<JournalEntry> _early = [];
    private SegmentTokens _tokens;

    /// <summary>The segment that comes next, from 1.</summary>
    public int Segment { get; private set; } = 1;

    /// <summary>What all segments before <see cref="Segment"/> have used.</summary>
    public SegmentTokens Before { get; private set; }

    /// <summary>What the last segment of a run has used: what was paid for without an answer is in it too.</summary>
    public SegmentTokens RestOf(Run run)
    {
        var all = SegmentTokens.Of(run);
        return new(all.Input - Before.Input, all.Output - Before.Output, all.Cached - Before.Cached, all.Reasoning - Before.Reasoning);
    }

    /// <summary>Something of <see cref="Segment"/> is known.</summary>
    public bool HasBegun { get; private set; }

    public IReadOnlyList<OutlineStep> Add(JournalEntry entry)
    {
        if (entry.Inherited)
        {
            return [];
        }

        HasBegun = true;
        return entry.Kind switch
        {
            EntryKind.Model => Answer(entry),
            EntryKind.ToolAwaited when _calls.ContainsKey(entry.CallId!) => Await(entry, OutlineKind.ClientCall),
            EntryKind.ApprovalRequested when !waits && _calls.ContainsKey(entry.CallId!) => Await(entry, OutlineKind.ApprovalRequest),
            EntryKind.ApprovalDecided or EntryKind.Tool when _calls.ContainsKey(entry.CallId!) => Settle(entry),
            _ => [],
        };
    }

    private List<OutlineStep> Answer(JournalEntry entry)
    {
        _tokens = _tokens.Plus(entry);
        if (entry.Messages.Count == 0)
        {
            return [];
        }

        _open.Clear();
        _awaited.Clear();
        List<OutlineStep> steps = [Step(OutlineKind.Answer, entry)];
        foreach (var (index, call) in entry.ToolCalls().Index())
        {
            var id = Ids.ToolCall(entry.Turn, index);
            _calls[id] = call;
            _open.Add(id);
            if (IsClients(call.Name))
            {
                _withClient.Add(id);
            }
            else if (waits || !MayNeedApproval(call.Name))
            {
                _begun.Add(id);
                steps.Add(Step(OutlineKind.Call, entry, id));
            }
        }

        return steps;
    }

    private List<OutlineStep> Await(JournalEntry entry, OutlineKind kind)
    {
        _open.Remove(entry.CallId!);
        _awaited.Add(entry.CallId!);
        return [Step(kind, entry, entry.CallId), .. End(entry)];
    }

    private List<OutlineStep> Settle(JournalEntry entry)
    {
        if (_awaited.Contains(entry.CallId!) && _open.Count > 0)
        {
            _early.Add(entry);
            return [];
        }

        var steps = Tell(entry);
        if (entry.Kind == EntryKind.Tool && _open.Remove(entry.CallId!))
        {
            steps.AddRange(End(entry));
        }

        return steps;
    }

    /// <summary>Answers of the caller are told by the caller; calls of its tools that were refused are between the model and us.</summary>
    private List<OutlineStep> Tell(JournalEntry entry)
    {
        List<OutlineStep> steps = [];
        var id = entry.CallId!;
        if (_withClient.Contains(id))
        {
            return steps;
        }

        if (entry is { Decision.Outcome: not ApprovalOutcome.Approve })
        {
            return [Step(OutlineKind.Denied, entry, id)];
        }

        if (_begun.Add(id))
        {
            steps.Add(Step(OutlineKind.Call, entry, id));
        }

        if (entry.Kind == EntryKind.Tool)
        {
            steps.Add(Step(OutlineKind.Result, entry, id));
        }

        return steps;
    }

    private IEnumerable<OutlineStep> End(JournalEntry entry)
    {
        if (_open.Count > 0 || _awaited.Count == 0)
        {
            yield break;
        }

        yield return Step(OutlineKind.End, entry) with { Tokens = _tokens };
        (Segment, Before, _tokens, HasBegun) = (Segment + 1, Before.Plus(_tokens), default, _early.Count > 0);
        foreach (var step in _early.SelectMany(Tell))
        {
            yield return step;
        }

        _early.Clear();
    }

    private OutlineStep Step(OutlineKind kind, JournalEntry entry, string? callId = null) =>
        new(kind, Segment, entry, callId, callId is null ? null : _calls[callId]);

    private bool IsClients(string name) => runOf().ClientTools.Any(tool => tool.Name == name);

    private bool MayNeedApproval(string name) =>
        (catalog.TryGet(name, out var tool) && tool.RequiresApproval)
        || runOf().Agent.McpTools?.Any(pin => pin.CalledAs == name) == true
        || runOf().Agent.AsksForApprovalOf(name);
}
