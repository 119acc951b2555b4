using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Tests.Storage;

/// <summary>What was logged, as written.</summary>
internal sealed class RecordedLog<T> : ILogger<T>
{
    private readonly ConcurrentQueue<(LogLevel Level, int EventId, string Text)> _entries = new();

    public IReadOnlyCollection<(LogLevel Level, int EventId, string Text)> Entries => _entries;

    public IEnumerable<int> EventIds => _entries.Select(entry => entry.EventId);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _entries.Enqueue((logLevel, eventId.Id, $"{formatter(state, exception)} {exception}"));
}
