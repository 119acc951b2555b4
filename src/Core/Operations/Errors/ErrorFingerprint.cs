using Yggdrasil.Foundation;

namespace Yggdrasil.Operations.Errors;

/// <summary>What makes two errors one kind of error. Names of types, codes, functions and tools: never a message.</summary>
/// <param name="Kind">The exception's type, or the code of a provider's failure.</param>
/// <param name="Provider">The provider that was at work; empty for none.</param>
/// <param name="Place">Which part noticed it, with the id of the event that it logged: <c>ToolExecutor/2001 http_get</c>.</param>
internal readonly record struct ErrorFingerprint(string Kind, string Provider, string Place)
{
    /// <summary>Stands for those that one instance has no room to tell apart.</summary>
    public static readonly ErrorFingerprint Other = new("other", "", "");

    public string Id => Ids.Fingerprint($"{Kind}\n{Provider}\n{Place}");
}

/// <summary>Sightings of one kind of error.</summary>
/// <param name="TraceId">The trace of one of them, for an example; null where none was traced.</param>
internal readonly record struct ErrorSightings(long Count, DateTimeOffset First, DateTimeOffset Last, string? TraceId)
{
    public ErrorSightings Add(ErrorSightings other) => new(
        Count + other.Count, First < other.First ? First : other.First, Last > other.Last ? Last : other.Last, other.TraceId ?? TraceId);
}
