using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Models;

namespace Yggdrasil.Operations.Errors;

/// <summary>
/// Counts the errors that the app logs: all at Error and above, and warnings that name an <c>{ExceptionType}</c> or a
/// <c>{Code}</c>. So whatever is written to be found in the log is tracked, and nothing has to be reported twice.
/// </summary>
/// <remarks>Of a message only these names are read, never its text.</remarks>
internal sealed class ErrorLoggerProvider(ErrorCounter errors) : ILoggerProvider
{
    private const string Product = "Yggdrasil.";

    // The local host logs once more what functions throw; and what cannot be written down must not ask to be.
    private static readonly string[] Untracked = ["Yggdrasil.LocalHost.", typeof(ErrorLoggerProvider).Namespace!];

    public ILogger CreateLogger(string categoryName) =>
        categoryName.StartsWith(Product, StringComparison.Ordinal)
        && !Untracked.Any(prefix => categoryName.StartsWith(prefix, StringComparison.Ordinal))
            ? new ErrorLogger(categoryName[(categoryName.LastIndexOf('.') + 1)..], errors)
            : NullLogger.Instance;

    public void Dispose()
    {
    }

    private sealed class ErrorLogger(string category, ErrorCounter errors) : ILogger
    {
        private const int MaxLength = 200;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Warning and < LogLevel.None;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var values = state as IEnumerable<KeyValuePair<string, object?>> ?? [];
            string? kind = null, upstream = null, provider = null, subject = null;
            foreach (var (name, value) in values)
            {
                switch (name)
                {
                    case "ExceptionType" or "Code":
                        kind = Short(value);
                        break;
                    // The provider's own code, type and param: two refusals with one code of ours may have nothing in common.
                    case "Upstream":
                        upstream = Short(value);
                        break;
                    case "Provider":
                        provider = Short(value);
                        break;

                    // Whoever defines an agent names its model: only the provider's name is ours.
                    case "Model" when ModelId.TryParse(value as string, out var model):
                        provider = Short(model.Provider);
                        break;
                    case "Function" or "Tool":
                        subject = Short(value);
                        break;
                }
            }

            if (logLevel >= LogLevel.Error || kind is not null)
            {
                kind = kind is not null && upstream is not null ? Short($"{kind} ({upstream})") : kind;
                var place = subject is null ? $"{category}/{eventId.Id}" : $"{category}/{eventId.Id} {subject}";
                errors.Seen(new ErrorFingerprint(kind ?? $"event {eventId.Id}", provider ?? "", place), Activity.Current?.TraceId.ToString());
            }
        }

        private static string? Short(object? value) => value?.ToString() is { Length: > 0 } text ? text[..Math.Min(text.Length, MaxLength)] : null;
    }
}
