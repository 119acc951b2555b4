using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Storage;

/// <summary>Says in the log, once each, which kinds and values of rows this version does not know and so leaves alone.</summary>
/// <remarks>A newer version wrote them, during an update or before a way back. Timers meet them again and again, which is no news.</remarks>
internal sealed partial class UnknownValues(ILogger<UnknownValues> logger)
{
    /// <summary>Kinds and values that are remembered; what is beyond is left without a word.</summary>
    private const int MaxRemembered = 1000;
    private const int MaxLength = 200;

    private readonly ConcurrentDictionary<(string Table, string Property, string Value), bool> _seen = new();

    /// <param name="property">Where it stands: one that holds no content.</param>
    /// <param name="value">The unknown kind or value; null where a row lacks what this version writes.</param>
    /// <returns>Whether it is new, and so was logged.</returns>
    public bool Add(string table, string property, string? value)
    {
        var shown = value is null ? "" : value.Length <= MaxLength ? value : value[..MaxLength];
        if (_seen.Count >= MaxRemembered || !_seen.TryAdd((table, property, shown), true))
        {
            return false;
        }

        LogLeft(table, property, shown);
        return true;
    }

    [LoggerMessage(4002, LogLevel.Warning, "Rows of table {Table} with the unknown {Property} {Value} are left alone: a newer version wrote them")]
    private partial void LogLeft(string table, string property, string value);
}
