using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yggdrasil.Hosting;
using Yggdrasil.Redaction.Logging;

namespace Yggdrasil.Tests.Security.Redaction;

public sealed class LogRedactionTests : IDisposable
{
    private const string Email = "jane@example.com";
    private readonly RecordingProvider _sink = new();
    private readonly ServiceProvider _services;
    private readonly ILogger _logger;

    public LogRedactionTests()
    {
        _services = new ServiceCollection()
            .AddLogging(logging => logging.AddProvider(_sink).SetMinimumLevel(LogLevel.Information))
            .AddLogRedaction()
            .BuildServiceProvider();
        _logger = _services.GetRequiredService<ILogger<LogRedactionTests>>();
    }

    private Entry Last => _sink.Entries[^1];

    public void Dispose() => _services.Dispose();

    [Fact]
    public void Message_and_named_values_are_masked_and_ids_kept()
    {
        var id = Guid.NewGuid();
        Log("Run {RunId} of {User}: {Count} in {Id}", "run_8f3k2j", Email, 5, id);

        Assert.Equal($"Run run_8f3k2j of [EMAIL_REDACTED]: 5 in {id}", Last.Message);
        Assert.Equal(["run_8f3k2j", "[EMAIL_REDACTED]", 5, id, "Run {RunId} of {User}: {Count} in {Id}"], Last.Values.Select(pair => pair.Value));
    }

    [Theory]
    [InlineData("Password", "hunter2", "[PASSWORD_REDACTED]")]
    [InlineData("Ssn", "123456789", "[SSN_REDACTED]")]
    [InlineData("Agent", "hunter2", "hunter2")]
    [InlineData("RunId", "123456789", "123456789")]
    public void Value_is_judged_under_its_name(string name, string value, string logged)
    {
        Log($"{{{name}}}", value);

        Assert.Equal(logged, Last.Values.Single(pair => pair.Key == name).Value);
    }

    [Fact]
    public void Values_that_are_lists_objects_and_text_in_the_template_are_masked()
    {
        Log($"{Email} {{List}} {{Uri}}", new[] { Email, "x" }, new Uri("https://u:pa55@example.com/"));

        Assert.DoesNotContain(Email, Last.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pa55", Last.Message, StringComparison.Ordinal);
        Assert.Equal(["[EMAIL_REDACTED]", "x"], (object?[])Last.Values[0].Value!);
        Assert.Equal("https://u:[PASSWORD_REDACTED]@example.com/", Last.Values[1].Value);
        Assert.Equal("[EMAIL_REDACTED] {List} {Uri}", Last.Values[2].Value);
    }

    [Fact]
    public void Exception_and_what_is_within_it_are_masked_with_type_and_stack_kept()
    {
        var failure = Thrown(new InvalidOperationException("Pwd=outer1;", Thrown(new AggregateException(Thrown(new FormatException($"Bad {Email}"))))));

        _logger.Log(LogLevel.Error, new EventId(7, "Failed"), "state", failure, (_, exception) => $"Failed: {exception!.Message}");

        var logged = Last.Exception!;
        var everything = Last.Message + logged + logged.Message + logged.InnerException + logged.InnerException!.Message;
        Assert.DoesNotContain("outer1", everything, StringComparison.Ordinal);
        Assert.DoesNotContain(Email, everything, StringComparison.Ordinal);
        Assert.Contains("System.InvalidOperationException: Pwd=[PASSWORD_REDACTED];", logged.ToString(), StringComparison.Ordinal);
        Assert.Contains("System.FormatException: Bad [EMAIL_REDACTED]", logged.ToString(), StringComparison.Ordinal);
        Assert.Equal((failure.StackTrace, new EventId(7, "Failed")), (logged.StackTrace, Last.EventId));
    }

    [Fact]
    public void Exception_without_findings_stays_itself()
    {
        var failure = new InvalidOperationException("Nothing to see.");

        _logger.Log(LogLevel.Error, default, "state", failure, (_, _) => "Failed");

        Assert.Same(failure, Last.Exception);
    }

    [Fact]
    public void Scope_is_masked()
    {
        using var structured = _logger.BeginScope(new Dictionary<string, object?> { ["User"] = Email, ["Turn"] = 3 });
        using var text = _logger.BeginScope($"for {Email}");

        Assert.Equal(["[EMAIL_REDACTED]", 3], ((IEnumerable<KeyValuePair<string, object?>>)_sink.Scopes[0]).Select(pair => pair.Value));
        Assert.Equal("for [EMAIL_REDACTED]", _sink.Scopes[1].ToString());
    }

    [Fact]
    public void Disabled_level_is_not_formatted()
    {
        var formatted = 0;

        _logger.Log(LogLevel.Debug, default, Email, null, (_, _) => $"{++formatted}");
        _logger.Log(LogLevel.Information, default, Email, null, (_, _) => $"{++formatted}");

        Assert.Equal(1, formatted);
        Assert.False(_logger.IsEnabled(LogLevel.Debug));
        Assert.Single(_sink.Entries);
    }

    [Fact]
    public void Every_logger_of_the_app_is_masked()
    {
        using var app = new ServiceCollection().AddYggdrasil(new ConfigurationBuilder().Build()).BuildServiceProvider();

        Assert.IsType<RedactingLoggerFactory>(app.GetRequiredService<ILoggerFactory>());
    }

    private static Exception Thrown(Exception exception)
    {
        try
        {
            throw exception;
        }
        catch (Exception caught)
        {
            return caught;
        }
    }

#pragma warning disable CA1848, CA2254 // The templates under test are the point; generated methods would hide them.
    private void Log(string template, params object[] values) => _logger.LogInformation(template, values);
#pragma warning restore CA1848, CA2254

    private sealed record Entry(EventId EventId, string Message, IReadOnlyList<KeyValuePair<string, object?>> Values, Exception? Exception);

    private sealed class RecordingProvider : ILoggerProvider, ILogger
    {
        public List<Entry> Entries { get; } = [];

        public List<object> Scopes { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            Scopes.Add(state);
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Entries.Add(new Entry(eventId, formatter(state, exception), state as IReadOnlyList<KeyValuePair<string, object?>> ?? [], exception));

        public void Dispose()
        {
        }
    }
}
