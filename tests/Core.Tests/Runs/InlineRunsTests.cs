using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Agents;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Limits;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Agents;
using Yggdrasil.Tests.Limits;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

[Collection(RunsAzurite.Name)]
public sealed class InlineRunsTests(AzuriteFixture azurite)
{
    private static readonly StartRun Hello = new() { Input = [new ChatMessage(ChatRole.User, "Hello")] };

    private readonly AgentsFixture _agents = new(azurite);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly TestTools _tools = new();

    [Fact]
    public async Task Run_with_tools_comes_to_its_end_and_leaves_nothing_behind()
    {
        await PutAsync();
        var before = await _agents.RowKeysAsync("alice");

        var run = await RunAsync(new ScriptedModels(Calls(("echo", new { text = "x" })), Says("Done.")));

        Assert.Equal((RunStatus.Completed, "Done.", 2), (run.Status, run.Output, run.Turns));
        Assert.Equal(new RunUsage(20, 10, 2, 1), run.Usage);
        Assert.Equal(before.Append(RowKeys.Quota).Order(StringComparer.Ordinal), await _agents.RowKeysAsync("alice"));
    }

    [Fact]
    public async Task Run_counts_against_its_users_limits_and_one_too_many_is_refused()
    {
        await PutAsync();
        var models = new ScriptedModels(Says("Hi."));
        var limits = new LimitOptions { RequestsPerMinute = 1 };

        await RunAsync(models, limits: limits);
        var refused = await Assert.ThrowsAsync<RateLimitedException>(() => RunAsync(models, limits: limits));

        Assert.True(refused.RetryAfter > TimeSpan.Zero);
        Assert.Single(models.Prompts);
    }

    [Fact]
    public async Task Place_of_a_run_is_given_back_however_it_ended()
    {
        await PutAsync();
        var limits = new LimitOptions { ConcurrentRuns = 1 };
        using var gone = new CancellationTokenSource();
        var hanging = new ScriptedModels(_ => new TaskCompletionSource<ChatResponse>().Task);

        var leaving = RunAsync(hanging, limits: limits, cancellation: gone.Token);
        await Poll.UntilAsync(() => hanging.Prompts.Count == 1);
        await Assert.ThrowsAsync<TooManyConcurrentRunsException>(() => RunAsync(hanging, limits: limits));
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        await Assert.ThrowsAsync<ProviderUnavailableException>(
            () => RunAsync(new ScriptedModels(Fails(new ProviderException("provider_timeout", FailureClass.RetrySame, "openai did not answer in time."))), limits: limits));
        var run = await RunAsync(new ScriptedModels(Says("Hi.")), limits: limits);

        Assert.Equal(RunStatus.Completed, run.Status);
    }

    [Fact]
    public async Task Messages_of_the_request_are_shown_in_order()
    {
        await PutAsync();
        var models = new ScriptedModels(Says("Ada."));

        await RunAsync(models, new StartRun
        {
            Input = [new(ChatRole.User, "I am Ada."), new(ChatRole.Assistant, "Hello."), new(ChatRole.User, "Who am I?")],
        });

        Assert.Equal(["I am Ada.", "Hello.", "Who am I?"], Assert.Single(models.Prompts).Select(message => message.Text));
    }

    [Theory]
    [InlineData("far", "runs apart from the run")]
    [InlineData("echo", "needs the approval of a human")]
    public async Task Tool_that_would_have_to_be_waited_for_is_refused_to_the_model(string tool, string reason)
    {
        await PutAsync(agent => agent with { Approvals = ["echo"] });
        var models = new ScriptedModels(Calls((tool, new { text = "x" })), Says("Done."));

        var run = await RunAsync(models);

        Assert.Equal(RunStatus.Completed, run.Status);
        var result = Assert.IsType<FunctionResultContent>(Assert.Single(models.Prompts[1][^1].Contents));
        Assert.Contains(reason, result.Result!.ToString(), StringComparison.Ordinal);
        Assert.Empty(_tools.Calls);
    }

    [Theory]
    [InlineData(FailureClass.RetrySame, "provider_timeout")]
    [InlineData(FailureClass.NextProvider, "provider_rate_limited")]
    [InlineData(FailureClass.Stop, "provider_unavailable")]
    public async Task Provider_that_fails_is_a_failure_of_the_request(object failureClass, string code)
    {
        await PutAsync();
        var failure = new ProviderException(code, (FailureClass)failureClass, "openai failed (529).", TimeSpan.FromSeconds(7));

        var problem = await Assert.ThrowsAsync<ProviderUnavailableException>(() => RunAsync(new ScriptedModels(Fails(failure))));

        Assert.Equal(("provider_unavailable", "openai failed (529).", TimeSpan.FromSeconds(7)), (problem.Code, problem.Message, problem.RetryAfter));
    }

    [Theory]
    [InlineData("provider_rejected", StopReason.ProviderError)]
    [InlineData("context_too_long", StopReason.ProviderError)]
    [InlineData("content_filter", StopReason.ContentFilter)]
    public async Task Request_that_no_model_takes_is_a_run_that_failed(string code, object reason)
    {
        await PutAsync();

        var run = await RunAsync(new ScriptedModels(Fails(new ProviderException(code, FailureClass.Stop, "openai rejected the request (400)."))));

        Assert.Equal((RunStatus.Failed, reason, code), (run.Status, run.StopReason, run.Error!.Code));
    }

    [Fact]
    public async Task Deadline_gives_up_the_step_in_flight_and_expires_the_run()
    {
        await PutAsync();
        var models = new ScriptedModels(_ => new TaskCompletionSource<ChatResponse>().Task);

        var running = RunAsync(models, Hello with { DeadlineSeconds = 5 });
        await Poll.UntilAsync(() => models.Prompts.Count == 1);
        _time.Advance(TimeSpan.FromSeconds(5));
        var run = await running;

        Assert.Equal((RunStatus.Expired, StopReason.Deadline), (run.Status, run.StopReason));
    }

    [Fact]
    public async Task Run_whose_deadline_passes_while_it_is_admitted_expires()
    {
        await PutAsync();
        var models = new ScriptedModels(Says("Hi."));
        _agents.Requests.OnTransaction = () => _time.Advance(TimeSpan.FromSeconds(30));

        var run = await RunAsync(models, Hello with { DeadlineSeconds = 5 });

        Assert.Equal((RunStatus.Expired, StopReason.Deadline), (run.Status, run.StopReason));
        Assert.Empty(models.Prompts);
    }

    [Fact]
    public async Task What_was_said_of_an_answer_that_the_deadline_cuts_off_is_kept()
    {
        await PutAsync();
        var said = new TaskCompletionSource();
        var models = new ScriptedModels(Says("So far, so good.")) { Stream = WithoutEnd(said) };

        var running = RunAsync(models, Hello with { DeadlineSeconds = 5, Stream = true });
        await said.Task;
        _time.Advance(TimeSpan.FromSeconds(5));
        var run = await running;

        Assert.Equal((StopReason.Deadline, "So far, so good.", 1), (run.StopReason, run.Output, run.Usage.ModelCalls));
    }

    [Fact]
    public async Task Tool_that_must_not_be_repeated_may_outlast_the_deadline_by_ten_seconds_and_no_more()
    {
        await PutAsync();
        var cancelled = new TaskCompletionSource();
        _tools.Behave = (_, token) => NeverAsync(cancelled, token);

        var running = RunAsync(new ScriptedModels(Calls(("post", new { text = "x" })), Says("Done.")), Hello with { DeadlineSeconds = 1 }, timeout: 300);
        await Poll.UntilAsync(() => _tools.Calls.Count == 1);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(running.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        var run = await running;
        await cancelled.Task;

        Assert.Equal((RunStatus.Expired, StopReason.Deadline), (run.Status, run.StopReason));
    }

    [Fact]
    public async Task Agent_with_a_longer_deadline_is_given_200_seconds()
    {
        await PutAsync();
        DateTimeOffset deadline = default;
        _tools.Behave = (_, _) =>
        {
            deadline = Assert.Single(_tools.Calls).Deadline;
            return Task.FromResult("ok");
        };

        await RunAsync(new ScriptedModels(Calls(("echo", new { text = "x" })), Says("Done.")));

        Assert.Equal(_time.GetUtcNow().AddSeconds(200), deadline);
    }

    [Fact]
    public async Task Caller_that_goes_away_cancels_model_and_tool()
    {
        await PutAsync();
        using var gone = new CancellationTokenSource();
        var cancelled = new TaskCompletionSource();
        _tools.Behave = async (_, token) =>
        {
            await gone.CancelAsync();
            return await NeverAsync(cancelled, token);
        };
        var models = new ScriptedModels(Calls(("post", new { text = "x" })), Says("Done."));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(models, cancellation: gone.Token));
        await cancelled.Task;

        Assert.Single(models.Prompts);
    }

    [Theory]
    [InlineData(0, null, "deadlineSeconds")]
    [InlineData(201, null, "deadlineSeconds")]
    [InlineData(null, 0, "maxTurns")]
    [InlineData(null, 21, "maxTurns")]
    public async Task Limit_that_does_not_fit_is_named(int? deadline, int? turns, string field)
    {
        await PutAsync();

        var refused = await Assert.ThrowsAsync<InvalidRequestException>(
            () => RunAsync(new ScriptedModels(Says("Hi.")), Hello with { DeadlineSeconds = deadline, MaxTurns = turns }));

        Assert.Equal([field], refused.Errors.Keys);
    }

    [Fact]
    public async Task Answer_is_held_against_the_schema_and_mended()
    {
        await PutAsync(agent => agent with { ResponseSchema = StructuredOutputTests.Schema });

        var run = await RunAsync(new ScriptedModels(Says("no JSON"), Says("""{"total":2}""")));

        Assert.Equal((RunStatus.Completed, 2, 2), (run.Status, run.Turns, run.StructuredOutput!.Value.GetProperty("total").GetInt32()));
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

    private async Task PutAsync(Func<AgentDefinition, AgentDefinition>? change = null)
    {
        var definition = AgentsFixture.Definition with { Tools = ["echo", "post", "far"] };
        await _agents.Service.PutAsync(_agents.Scope("alice"), "helper", change?.Invoke(definition) ?? definition, new AgentPrecondition(), CancellationToken.None);
    }

    private Task<Run> RunAsync(ScriptedModels models, StartRun? request = null, int timeout = 5, LimitOptions? limits = null, CancellationToken cancellation = default) =>
        Runs(models, timeout, limits).RunAsync(_agents.Caller("alice"), "helper", request ?? Hello, cancellation);

    private InlineRuns Runs(ScriptedModels models, int timeout = 5, LimitOptions? limits = null)
    {
        var catalog = _tools.Catalog(TimeSpan.FromSeconds(timeout));
        var loop = LoopFixture.CreateLoop(models, catalog, new RunOptions(), _time);
        var quotas = new TestQuotas(_agents.Storage, new ToolGates(catalog, new ToolArguments()), limits ?? new LimitOptions(), _time);
        return new InlineRuns(_agents.Service, loop, quotas.Inline, _time, NullLogger<InlineRuns>.Instance);
    }
}
