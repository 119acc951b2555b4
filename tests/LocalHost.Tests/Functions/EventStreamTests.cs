using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Agents;
using Yggdrasil.Functions.Http.Events;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.LocalHost.Tests.Functions;

/// <summary>How long an answer of events stays open.</summary>
public sealed class EventStreamTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly MemoryStream _body = new();

    public void Dispose() => _body.Dispose();

    [Fact]
    public async Task Stream_of_a_run_that_goes_on_and_on_ends_after_200_seconds_of_keep_alives()
    {
        var answering = AnswerAsync("");

        var seconds = await EndAsync(answering, atMost: 1000);

        Assert.InRange(seconds, 200, 999);
        Assert.StartsWith("retry: 1000\n: keep-alive\n: keep-alive\n", Encoding.UTF8.GetString(_body.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_of_an_inline_run_stays_open_as_long_as_the_run()
    {
        using var stopping = new CancellationTokenSource();
        var answering = AnswerAsync(query: null, stopping.Token);

        var seconds = await EndAsync(answering, atMost: 300);
        await stopping.CancelAsync();
        await answering;

        Assert.Equal(300, seconds);
    }

    /// <returns>Seconds until it ended.</returns>
    private async Task<int> EndAsync(Task answering, int atMost)
    {
        var seconds = 0;
        while (!answering.IsCompleted && seconds < atMost)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            seconds++;
            await Task.Delay(2);
        }

        return seconds;
    }

    private Task AnswerAsync(string? query, CancellationToken stopping = default)
    {
        var run = new Run
        {
            Id = "run_1",
            Driver = "",
            Caller = new Caller(new Owner("dev", "alice"), new HashSet<string>()),
            AgentId = "assistant",
            AgentVersion = 1,
            Agent = new AgentDefinition { Model = "demo:assistant" },
            CreatedAt = _time.GetUtcNow(),
            Deadline = _time.GetUtcNow().AddHours(1),
        };
        var reader = new RunEventReader(new EventTimeline(run), run.Id, after: null, new Nobody(), _time);
        var http = new DefaultHttpContext();
        http.Response.Body = _body;
        return new EventStreamResult(reader, new EventProjection(query), isWhole: query is null, _time, NullLogger.Instance, stopping).ExecuteAsync(http);
    }

    private sealed class Nobody : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
