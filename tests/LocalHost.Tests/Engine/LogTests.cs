using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class LogTests
{
    [Fact]
    public async Task Orchestrator_logs_each_line_once_however_often_it_is_replayed()
    {
        using var log = new RecordingLoggers();
        await using var harness = await new EngineHarness
        {
            Loggers = log,
            Code = new ScriptedCode().Activity("A").Orchestrator("Log", async context =>
            {
                var logger = context.CreateReplaySafeLogger("orchestrator");
                foreach (var line in (string[])["one", "two", "three"])
                {
                    logger.Log(LogLevel.Information, 0, line, null, (state, _) => state);
                    await context.CallActivityAsync("A");
                }

                return null;
            }),
        }.StartAsync();

        await harness.RunAsync("Log");

        Assert.Equal(["one", "two", "three"], log.Lines("orchestrator"));
    }

    [Fact]
    public async Task Engine_logs_names_and_ids_but_no_content()
    {
        using var log = new RecordingLoggers();
        await using var harness = await new EngineHarness
        {
            Loggers = log,
            Code = new ScriptedCode()
                .Activity("Fail", (_, _) => throw new InvalidOperationException("secret message"))
                .Orchestrator("Through", async context =>
                {
                    await context.WaitForExternalEvent<string>("wake");
                    await context.CallActivityAsync("Fail", "secret input");
                    return null;
                }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Through", "secret start");
        await harness.Client.RaiseEventAsync(id, "wake", "secret event");

        await harness.EndAsync(id);
        await harness.StopAsync();

        var lines = log.Lines("Yggdrasil.LocalHost.Engine.OrchestrationEngine");
        Assert.Contains(lines, line => line.Contains("Activity Fail #0", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains(id, StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    private sealed class RecordingLoggers : ILoggerFactory
    {
        private readonly ConcurrentQueue<(string Category, string Line)> _lines = new();

        public List<string> Lines(string category)
            => [.. _lines.Where(entry => entry.Category == category).Select(entry => entry.Line)];

        public ILogger CreateLogger(string categoryName) => new RecordingLogger(categoryName, _lines);

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }

    private sealed class RecordingLogger(string category, ConcurrentQueue<(string Category, string Line)> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            => lines.Enqueue((category, $"{formatter(state, exception)}{exception}"));
    }
}
