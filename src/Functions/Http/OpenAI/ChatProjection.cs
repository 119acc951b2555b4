using System.Text.Json.Nodes;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>A run's events as chunks of a chat completion. What the agent's own tools do is not told; chat has no words for it.</summary>
/// <remarks>
/// What was sent cannot be taken back in this protocol: where a model begins its answer anew, that follows what was sent, after an empty
/// line. An answer by a schema is sent whole at the end, because only the last one of a run is known to fit it.
/// </remarks>
internal sealed class ChatProjection(PathString path, bool includeUsage) : IRunProjection
{
    private static readonly byte[] Done = [.. "data: [DONE]\n\n"u8];

    private Run? _run;
    private int _turn;
    private int _sent;
    private bool _hasSaid;

    public ReadOnlyMemory<byte> Begin => default;

    public IEnumerable<ReadOnlyMemory<byte>> Tell(RunEvent what) => what switch
    {
        { Type: RunEventType.RunStarted } => [Start(what.Run!)],
        { Type: RunEventType.ModelDelta } => Say(what.Turn, what.Text!),
        { Type: RunEventType.ModelRestarted } => Restart(),
        { Type: RunEventType.ModelCompleted, Entry: { Inherited: false } entry } => Complete(entry),
        { Type: RunEventType.RunEnded } => End(what.Run!),
        _ => [],
    };

    public TimeSpan HoldBack(RunEvent what) => TimeSpan.Zero;

    private ReadOnlyMemory<byte> Start(Run run)
    {
        _run = run;
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

        yield return OpenAIJson.Frame(ChatDocuments.Chunk(run, new JsonObject(), ChatDocuments.FinishOf(run)));
        if (includeUsage)
        {
            yield return OpenAIJson.Frame(ChatDocuments.Chunk(run, delta: null, usage: ChatDocuments.Usage(run)));
        }

        yield return Done;
    }

    private ReadOnlyMemory<byte> Content(string text) => OpenAIJson.Frame(ChatDocuments.Chunk(_run!, new JsonObject { ["content"] = text }));
}
