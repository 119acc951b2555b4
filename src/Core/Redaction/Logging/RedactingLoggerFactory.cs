using Microsoft.Extensions.Logging;

namespace Yggdrasil.Redaction.Logging;

/// <summary>Makes loggers whose every message, value, scope and exception is masked before any provider gets it.</summary>
/// <remarks>Around the factory rather than around each provider: one pass however many providers there are, and none escapes.</remarks>
internal sealed class RedactingLoggerFactory(ILoggerFactory inner) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => new RedactingLogger(inner.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose() => inner.Dispose();
}
