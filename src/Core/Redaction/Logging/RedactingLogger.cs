using Microsoft.Extensions.Logging;

namespace Yggdrasil.Redaction.Logging;

internal sealed class RedactingLogger(ILogger inner) : ILogger
{
    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull =>
        inner.BeginScope(RedactedState.Of(state, state.ToString() ?? ""));

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        if (inner.IsEnabled(logLevel))
        {
            // Formatted once, here: generated states are only valid during this call, and some are reused after it.
            inner.Log(
                logLevel,
                eventId,
                RedactedState.Of(state, formatter(state, exception)),
                exception is null ? null : RedactedException.Of(exception),
                static (redacted, _) => redacted.ToString());
        }
    }
}
