using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Operations.Errors;

namespace Yggdrasil.Tests.Telemetry.Errors;

public sealed partial class ErrorLoggerProviderTests : IDisposable
{
    private readonly ErrorCounter _errors = new(new FakeTimeProvider());
    private readonly ErrorLoggerProvider _provider;

    public ErrorLoggerProviderTests() => _provider = new ErrorLoggerProvider(_errors);

    public void Dispose() => _provider.Dispose();

    [Fact]
    public void Equal_errors_are_one_kind_whatever_their_ids_and_messages()
    {
        var logger = _provider.CreateLogger("Yggdrasil.Tools.ToolExecutor");

        LogTool(logger, "http_get", "run_1", "err_1", "System.IO.IOException");
        LogTool(logger, "http_get", "run_2", "err_2", "System.IO.IOException");
        LogTool(logger, "http_get", "run_3", "err_3", "System.TimeoutException");

        var seen = _errors.Take();
        Assert.Equal(2, seen[new ErrorFingerprint("System.IO.IOException", "", "ToolExecutor/2001 http_get")].Count);
        Assert.Equal(1, seen[new ErrorFingerprint("System.TimeoutException", "", "ToolExecutor/2001 http_get")].Count);
    }

    [Fact]
    public void Failing_model_is_known_by_its_provider_alone()
    {
        LogModel(_provider.CreateLogger("Yggdrasil.Models.Tracing.TracedChatClient"), "openai:whatever a user wrote", "provider_timeout");

        Assert.Equal(new ErrorFingerprint("provider_timeout", "openai", "TracedChatClient/8010"), Assert.Single(_errors.Take()).Key);
    }

    [Theory]
    [InlineData("Yggdrasil.LocalHost.Http.HttpFunctionHandler")]
    [InlineData("Yggdrasil.Operations.Errors.ErrorFlush")]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel")]
    public void Foreign_and_repeated_messages_are_not_counted(string category)
    {
        LogTool(_provider.CreateLogger(category), "http_get", "run_1", "err_1", "System.IO.IOException");

        Assert.Empty(_errors.Take());
    }

    [Fact]
    public void Warning_without_a_failure_is_not_counted()
    {
        LogPlain(_provider.CreateLogger("Yggdrasil.Runs.Driving.RunDriver"), "run_1");

        Assert.Empty(_errors.Take());
    }

    [Fact]
    public void Storm_of_names_is_bounded_and_no_count_is_lost()
    {
        var logger = _provider.CreateLogger("Yggdrasil.Tools.ToolExecutor");

        for (var name = 0; name < ErrorCounter.MaxKinds * 2; name++)
        {
            LogTool(logger, $"tool{name}", "run_1", "err_1", "System.IO.IOException");
        }

        var seen = _errors.Take();
        Assert.Equal(ErrorCounter.MaxKinds + 1, seen.Count);
        Assert.Equal(ErrorCounter.MaxKinds * 2, seen.Values.Sum(sightings => sightings.Count));
        Assert.Equal(ErrorCounter.MaxKinds, seen[ErrorFingerprint.Other].Count);
    }

    [LoggerMessage(2001, LogLevel.Warning, "Tool {Tool} failed in run {RunId}: {ErrorId} ({ExceptionType})")]
    private static partial void LogTool(ILogger logger, string tool, string runId, string errorId, string exceptionType);

    [LoggerMessage(8010, LogLevel.Warning, "{Model} ({Code})")]
    private static partial void LogModel(ILogger logger, string model, string code);

    [LoggerMessage(1011, LogLevel.Warning, "Run {RunId}")]
    private static partial void LogPlain(ILogger logger, string runId);
}
