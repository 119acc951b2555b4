namespace Yggdrasil.Models.Wire;

/// <summary>A tool call of an answer, as far as it has come.</summary>
/// <param name="Index">Its place in the answer, from 0.</param>
/// <param name="Id">The provider's id of it, or one made up here: unique in the answer.</param>
internal sealed record ToolCallSoFar(int Index, string Id)
{
    public long? SentIndex { get; init; }

    public string? Name { get; set; }

    /// <summary>Whether a piece of it was passed on, which named its id.</summary>
    public bool IsAnnounced { get; set; }

    public bool HasArguments { get; private set; }

    public bool IsComplete => _arguments.IsComplete;

    private JsonExtent _arguments;

    public void Add(string arguments)
    {
        HasArguments |= arguments.Length > 0;
        _arguments.Add(arguments);
    }

    /// <summary>Notes arguments that are passed on as they came, escaped as within a JSON string.</summary>
    public void AddEscaped(ReadOnlySpan<byte> escaped)
    {
        HasArguments |= !escaped.IsEmpty;
        // What begins and ends a string is escaped itself there, so the escapes are taken off as far as that matters.
        for (var at = 0; at < escaped.Length; at++)
        {
            if (escaped[at] == '\\' && at + 1 < escaped.Length)
            {
                at++;
                if (escaped[at] is (byte)'"' or (byte)'\\')
                {
                    _arguments.Add(escaped.Slice(at, 1));
                }

                continue;
            }

            _arguments.Add(escaped.Slice(at, 1));
        }
    }
}

/// <summary>Which call a piece of one belongs to, whatever ids and indexes the server gives.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>A new id begins a new call, whatever the index says: some servers give all calls the index 0, or none.</item>
/// <item>The same id goes on with its call, at the same index. At another index it is another call: some servers give all calls one id.</item>
/// <item>Without an id the index tells. With neither, a name other than the last call's begins a call, and so does any name once the
/// last call's arguments are complete.</item>
/// </list>
/// </remarks>
internal sealed class ToolCallPieces
{
    private readonly List<ToolCallSoFar> _calls = [];
    private readonly Dictionary<(string Id, long Index), ToolCallSoFar> _byId = [];
    private readonly Dictionary<long, ToolCallSoFar> _byIndex = [];
    private readonly HashSet<string> _ids = new(StringComparer.Ordinal);

    public int Count => _calls.Count;

    public ToolCallSoFar? Last => _calls.Count > 0 ? _calls[^1] : null;

    /// <param name="id">As it came; null or empty for none.</param>
    /// <param name="index">As it came; null for none.</param>
    /// <param name="name">As it came; null or empty for none.</param>
    /// <param name="hasArguments">Whether the piece brings any.</param>
    /// <param name="isWhole">Whether each piece is a call of its own, as in an answer that is not streamed.</param>
    public ToolCallSoFar Of(string? id, long? index, string? name, bool hasArguments, bool isWhole)
    {
        var known = isWhole ? null : Find(id, index, name);
        if (known is not null && !BeginsAnother(known, name, hasArguments))
        {
            known.Name ??= name;
            return known;
        }

        var call = new ToolCallSoFar(_calls.Count, Unique(id)) { SentIndex = index, Name = name };
        _calls.Add(call);
        if (id is not null)
        {
            _byId[(id, index ?? -1)] = call;
        }

        if (index is { } at)
        {
            _byIndex[at] = call;
        }

        return call;
    }

    private ToolCallSoFar? Find(string? id, long? index, string? name)
    {
        if (id is not null && _byId.TryGetValue((id, index ?? -1), out var same))
        {
            return same;
        }

        var place = index is { } at ? _byIndex.GetValueOrDefault(at) : Last;
        // An id that is new begins a call, unless its piece names no tool while the arguments of one are still open.
        return id is null || (name is null && place is { HasArguments: true, IsComplete: false }) ? place : null;
    }

    private static bool BeginsAnother(ToolCallSoFar call, string? name, bool hasArguments) =>
        name is not null && call.Name is not null && (name != call.Name || (call.IsComplete && hasArguments));

    private string Unique(string? id)
    {
        if (id is not null && _ids.Add(id))
        {
            return id;
        }

        for (var number = _calls.Count; ; number++)
        {
            var made = $"call_{number}";
            if (_ids.Add(made))
            {
                return made;
            }
        }
    }
}
