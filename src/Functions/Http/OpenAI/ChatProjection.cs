using System.Text.Json.Nodes;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>A run's events as chunks of a chat completion. What the agent's own tools do is not told; chat has no words for it.</summary>
/// <remarks>
/// What was sent cannot be taken back in this protocol: where a model begins its answer anew, that follows what was sent, after an empty
/// line. An answer by a schema is sent whole at the end, because only the last one of a run is known to fit it.
/// </remarks>
/// <param name="segment">The part of the run that is told.</param>
internal sealed class ChatProjection(PathString path, bool includeUsage, int segment, ToolCatalog catalog) : IRunProjection
{
    private static readonly byte[] Done = [.. "data: [DONE]\n\n"u8];

    private Run? _run;
    private RunOutline? _outline;
    private int _calls;
    private int _turn;
    private int _sent;
    private bool _hasSaid;

    public ReadOnlyMemory<byte> Begin => default;

    public bool HasEnded { get; private set; }

    public IEnumerable<ReadOnlyMemory<byte>> Tell(RunEvent what) => what switch
    {
        { Type: RunEventType.RunStarted } => [Start(what.Run!)],
        { Type: RunEventType.ModelDelta or RunEventType.ModelRestarted } when _outline!.Segment != segment => [],
        { Type: RunEventType.ModelDelta } => Say(what.Turn, what.Text!),
        { Type: RunEventType.ModelRestarted } => Restart(),
        { Type: RunEventType.RunEnded } => End(what.Run!),
        { Entry: { } entry } => _outline!.Add(entry).Where(step => step.Segment == segment).SelectMany(Tell),
        _ => [],
    };

    private IEnumerable<ReadOnlyMemory<byte>> Tell(OutlineStep step) => step.Kind switch
    {
        OutlineKind.Answer => Complete(step.Entry),
        OutlineKind.ClientCall => [Call(step)],
        OutlineKind.End => Finish(ChatDocuments.ToolCalls, step.Tokens),
        _ => [],
    };

    public TimeSpan HoldBack(RunEvent what) => TimeSpan.Zero;

    private ReadOnlyMemory<byte> Start(Run run)
    {
        _run = run;
        _outline = new RunOutline(() => run, catalog, waits: true);
        return OpenAIJson.Frame(ChatDocuments.Chunk(run, new JsonObject { ["role"] = "assistant", ["content"] = "", ["refusal"] = null }));
    }

    private IEnumerable<ReadOnlyMemory<byte>> Say(int turn, string text)
    {
        if (ChatDocuments.HasSchema(_run!) || text.Length == 0)
        {
            return [];
        }

        var isNew = turn != _turn || _sent == 0;
        (_turn, _sent) = (turn, (turn == _turn ? _sent : 0) + text.Length);
        var said = isNew && _hasSaid ? $"\n\n{text}" : text;
        _hasSaid = true;
        return [Content(said)];
    }

    private IEnumerable<ReadOnlyMemory<byte>> Restart()
    {
        _sent = 0;
        return [];
    }

    /// <summary>What of the answer was not sent while it was made.</summary>
    private IEnumerable<ReadOnlyMemory<byte>> Complete(JournalEntry entry)
    {
        var text = entry.Text();
        var sent = entry.Turn == _turn ? _sent : 0;
        return sent < text.Length ? Say(entry.Turn, text[sent..]) : [];
    }

    private IEnumerable<ReadOnlyMemory<byte>> End(Run run)
    {
        if (ChatDocuments.FindFailure(run) is { } failure)
        {
            yield return OpenAIJson.Frame(OpenAIErrors.Document(path, failure));
            yield break;
        }

        if (ChatDocuments.HasSchema(run) && run.Output is { Length: > 0 } output)
        {
            yield return Content(output);
        }

        foreach (var frame in Finish(ChatDocuments.FinishOf(run), _outline!.RestOf(run)))
        {
            yield return frame;
        }
    }

    private IEnumerable<ReadOnlyMemory<byte>> Finish(string reason, SegmentTokens used)
    {
        HasEnded = true;
        yield return OpenAIJson.Frame(ChatDocuments.Chunk(_run!, new JsonObject(), reason));
        if (includeUsage)
        {
            yield return OpenAIJson.Frame(ChatDocuments.Chunk(_run!, delta: null, usage: ChatDocuments.Usage(used)));
        }

        yield return Done;
    }

    private ReadOnlyMemory<byte> Call(OutlineStep step)
    {
        var call = ChatDocuments.Call(_run!.Id, step.CallId!, step.Call!);
        call["index"] = _calls++;
        return OpenAIJson.Frame(ChatDocuments.Chunk(_run!, new JsonObject { ["tool_calls"] = new JsonArray(call) }));
    }

    private ReadOnlyMemory<byte> Content(string text) => OpenAIJson.Frame(ChatDocuments.Chunk(_run!, new JsonObject { ["content"] = text }));
}
