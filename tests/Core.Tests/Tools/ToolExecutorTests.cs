using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Identity;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Tools;

public sealed class ToolExecutorTests
{
    private const string Canary = "canary of a tool";

    public static TheoryData<string> Failures => new("plain", "inner", "aggregate", "in its data", "in its type's own text", "synchronous", "canceled");

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task What_a_tool_throws_reaches_neither_the_model_nor_a_log_above_debug(string failure)
    {
        var log = new RecordedLog<ToolExecutor>();
        var tools = new TestTools { Behave = (_, _) => Throw(failure) };
        tools.Catalog().TryGet("echo", out var tool);
        await using var services = new ServiceCollection().BuildServiceProvider();
        var executor = new ToolExecutor(services.GetRequiredService<IServiceScopeFactory>(), TimeProvider.System, log);
        using var arguments = System.Text.Json.JsonDocument.Parse("""{"text":"x"}""");
        var context = new ToolContext
        {
            RunId = "run_1", CallId = "t1c0", Caller = new Caller(new Owner("dev", "alice"), new HashSet<string>()), Deadline = DateTimeOffset.MaxValue,
        };

        var result = await executor.ExecuteAsync(
            tool!, new Dictionary<string, System.Text.Json.JsonElement> { ["text"] = arguments.RootElement.GetProperty("text") }, context, CancellationToken.None, CancellationToken.None);

        Assert.Equal(StepStatus.Failed, result.Status);
        Assert.Matches("^The tool failed \\(err_[0-9a-z]+\\)\\.$", result.Text);
        Assert.Contains(log.Entries, entry => entry.Level == LogLevel.Warning && entry.Text.Contains("t1c0", StringComparison.Ordinal));
        Assert.DoesNotContain(log.Entries, entry => entry.Level > LogLevel.Debug && entry.Text.Contains(Canary, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Services_of_a_call_live_until_its_end_also_when_nobody_waits_for_it_any_more()
    {
        var (begun, goOn, ended) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource<bool>());
        var time = new FakeTimeProvider();
        await using var services = new ServiceCollection().AddScoped<Connection>().BuildServiceProvider();
        new TestTools().Catalog(TimeSpan.FromMinutes(1)).TryGet("echo", out var echo);
        var tool = echo! with
        {
            InvokeAsync = async (_, _, scope, _) =>
            {
                var connection = scope.GetRequiredService<Connection>();
                connection.Closed = ended;
                begun.SetResult();
                await goOn.Task;
                return connection.Use();
            },
        };
        var executor = new ToolExecutor(services.GetRequiredService<IServiceScopeFactory>(), time, new RecordedLog<ToolExecutor>());

        var executing = executor.ExecuteAsync(
            tool, new Dictionary<string, System.Text.Json.JsonElement>(), ToolHost.Context, CancellationToken.None, CancellationToken.None);
        await begun.Task;
        time.Advance(TimeSpan.FromMinutes(2));
        var result = await executing;
        goOn.SetResult();

        Assert.Equal(StepStatus.Failed, result.Status);
        Assert.True(await ended.Task);
    }

    private sealed class Connection : IDisposable
    {
        private bool _used;

        /// <summary>Tells, when it is closed, whether it was used before.</summary>
        public TaskCompletionSource<bool>? Closed { get; set; }

        public string Use() => $"{_used = true}";

        public void Dispose() => Closed!.SetResult(_used);
    }

    private static Task<string> Throw(string failure) => failure switch
    {
        "plain" => Task.FromException<string>(new InvalidOperationException(Canary)),
        "inner" => Task.FromException<string>(new IOException("outer", new InvalidOperationException(Canary))),
        "aggregate" => Task.FromException<string>(new AggregateException(new InvalidOperationException(Canary))),
        "in its data" => Task.FromException<string>(new InvalidOperationException("x") { Data = { ["key"] = Canary } }),
        "in its type's own text" => Task.FromException<string>(new TalkativeException()),
        "synchronous" => throw new InvalidOperationException(Canary),
        "canceled" => Task.FromException<string>(new OperationCanceledException(Canary)),
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure, "There is no such failure."),
    };

    private sealed class TalkativeException : Exception
    {
        public override string Message => Canary;

        public override string ToString() => Canary;
    }
}
