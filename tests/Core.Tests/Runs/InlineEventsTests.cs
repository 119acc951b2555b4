using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Agents;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Limits;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Tests.Agents;
using Yggdrasil.Tests.Limits;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>Inline runs that are read while they go on.</summary>
[Collection(RunsAzurite.Name)]
public sealed class InlineEventsTests(AzuriteFixture azurite)
{
    private static readonly StartRun Hello = new() { Input = [new ChatMessage(ChatRole.User, "Hello")], Stream = true };

    private readonly AgentsFixture _agents = new(azurite);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly TestTools _tools = new();

    [Fact]
    public async Task Events_are_those_of_any_run_in_their_order_and_end_with_it()
    {
        var events = await ReadAsync(new ScriptedModels(Calls(("echo", new { text = "x" })), Says("Done.")), Hello);

        Assert.Equal(
            [
                RunEventType.RunStarted, RunEventType.ModelCompleted, RunEventType.ToolStarted, RunEventType.ToolCompleted,
                RunEventType.ModelDelta, RunEventType.ModelCompleted, RunEventType.RunEnded,
            ],
            events.Select(item => item.Type));
        Assert.Equal("Done.", events[4].Text);
        Assert.Equal((RunStatus.Completed, "Done.", 2), (events[^1].Run!.Status, events[^1].Run!.Output, events[^1].Run!.Turns));
    }

    [Fact]
    public async Task Run_that_does_not_stream_has_no_text_between_its_steps()
    {
        var events = await ReadAsync(new ScriptedModels(Says("Done.")), Hello with { Stream = false });

        Assert.Equal([RunEventType.RunStarted, RunEventType.ModelCompleted, RunEventType.RunEnded], events.Select(item => item.Type));
    }

    [Fact]
    public async Task Provider_that_fails_is_the_end_of_the_run()
    {
        var failure = new ProviderException("provider_timeout", FailureClass.RetrySame, "openai did not answer in time.");

        var events = await ReadAsync(new ScriptedModels(Fails(failure)), Hello);

        Assert.Equal((RunStatus.Failed, "provider_timeout"), (events[^1].Run!.Status, events[^1].Run!.Error!.Code));
    }

    [Fact]
    public async Task Failure_of_ours_is_the_end_of_the_run_and_says_no_more_than_its_id()
    {
        var events = await ReadAsync(new ScriptedModels(Fails(new InvalidOperationException("a secret"))), Hello);

        var error = events[^1].Run!.Error!;
        Assert.Equal((RunStatus.Failed, "internal_error"), (events[^1].Run!.Status, error.Code));
        Assert.Matches(@"^The run could not go on \(err_[0-9a-z]+\)\.$", error.Message);
    }

    [Fact]
    public async Task Reader_that_goes_ends_the_run_and_gives_its_place_back()
    {
        await PutAsync();
        var limits = new LimitOptions { ConcurrentRuns = 1 };
        var cancelled = new TaskCompletionSource();
        _tools.Behave = (_, token) => NeverAsync(cancelled, token);
        var reader = await StreamAsync(new ScriptedModels(Calls(("post", new { text = "x" }))), Hello, limits);
        await Poll.UntilAsync(() => _tools.Calls.Count == 1);

        await Assert.ThrowsAsync<TooManyConcurrentRunsException>(() => StreamAsync(new ScriptedModels(Says("Hi.")), Hello, limits));
        await reader.DisposeAsync();
        await cancelled.Task;
        await using var next = await StreamAsync(new ScriptedModels(Says("Hi.")), Hello, limits);

        Assert.Equal(RunStatus.Completed, (await ReadToEndAsync(next))[^1].Run!.Status);
    }

    [Fact]
    public async Task Agent_that_does_not_exist_is_told_before_anything_is_sent() =>
        await Assert.ThrowsAsync<NotFoundException>(() => StreamAsync(new ScriptedModels(Says("Hi.")), Hello));

    private async Task<List<RunEvent>> ReadAsync(ScriptedModels models, StartRun request)
    {
        await PutAsync();
        await using var reader = await StreamAsync(models, request);
        return await ReadToEndAsync(reader);
    }

    private static async Task<List<RunEvent>> ReadToEndAsync(RunEventReader reader)
    {
        List<RunEvent> events = [];
        while (true)
        {
            if (reader.Next() is { } next)
            {
                events.Add(next);
            }
            else if (reader.HasEnded)
            {
                return events;
            }
            else
            {
                await reader.WaitAsync(Timeout.InfiniteTimeSpan, CancellationToken.None);
            }
        }
    }

    /// <summary>What a tool does that never ends by itself.</summary>
    private static async Task<string> NeverAsync(TaskCompletionSource cancelled, CancellationToken token)
    {
        try
        {
            return await new TaskCompletionSource<string>().Task.WaitAsync(token);
        }
        finally
        {
            cancelled.SetResult();
        }
    }

    private async Task PutAsync() => await _agents.Service.PutAsync(
        _agents.Scope("alice"), "helper", AgentsFixture.Definition with { Tools = ["echo", "post"] }, new AgentPrecondition(), CancellationToken.None);

    private Task<RunEventReader> StreamAsync(ScriptedModels models, StartRun request, LimitOptions? limits = null)
    {
        var loop = LoopFixture.CreateLoop(models, _tools.Catalog(), new RunOptions(), _time);
        var quotas = new TestQuotas(_agents.Storage, new ToolGates(_tools.Catalog(), new ToolArguments()), limits ?? new LimitOptions(), _time);
        return new InlineRuns(_agents.Service, loop, quotas.Inline, _time, NullLogger<InlineRuns>.Instance)
            .StreamAsync(_agents.Caller("alice"), "helper", request, CancellationToken.None);
    }
}
