using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Limits;

/// <summary>A run and its owner's budget and places, from its start to its end.</summary>
[Collection(SharedAzurite.Name)]
public sealed class RunBudgetTests(AzuriteFixture azurite)
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly TestTools _tools = new();
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Budget_that_ends_during_a_run_stops_it_before_its_next_model_call()
    {
        var models = Spender(tokens: 500);
        var worker = Worker(models, new LimitOptions { TokensPerDay = 3_000 });
        worker.Agent = worker.Agent with { MaxOutputTokens = 500 };

        var run = await worker.FinishAsync(await worker.StartAsync());

        Assert.Equal((RunStatus.Failed, StopReason.Quota, "quota_exceeded"), (run.Status, run.StopReason, run.Error!.Code));
        Assert.Contains("3000 tokens a day", run.Error.Message, StringComparison.Ordinal);
        Assert.InRange(models.Prompts.Count, 2, 5);
        Assert.InRange(run.Usage.TotalTokens, 1_000, 3_000);
        var state = await QuotaConcurrencyTests.StoredAsync(worker);
        Assert.Equal(run.Usage.TotalTokens, state.Total.Used.Tokens);
        Assert.Empty(state.Reservations);
    }

    [Fact]
    public async Task Cost_is_a_budget_too_and_models_without_a_price_count_as_free()
    {
        var limits = new LimitOptions { CostPerDayUsd = 20 };
        var dear = Worker(Spender(tokens: 500, "scripted:dear"), limits);
        dear.Agent = dear.Agent with { Model = "scripted:dear", MaxOutputTokens = 500 };
        var unpriced = Worker(Spender(tokens: 1_000_000, "scripted:unheard-of"), limits);
        unpriced.Agent = unpriced.Agent with { Model = "scripted:unheard-of", MaxTurns = 3 };

        var stopped = await dear.FinishAsync(await dear.StartAsync());
        var free = await unpriced.FinishAsync(await unpriced.StartAsync());

        Assert.Equal((StopReason.Quota, "quota_exceeded"), (stopped.StopReason, stopped.Error!.Code));
        Assert.Contains("20 US dollars a day", stopped.Error.Message, StringComparison.Ordinal);
        Assert.InRange(stopped.Usage.CostUsd, 10, 20);
        Assert.Equal((StopReason.MaxTurns, 0m), (free.StopReason, free.Usage.CostUsd));
        Assert.Equal(["scripted:unheard-of"], free.Usage.UnpricedModels);
    }

    [Fact]
    public async Task Plenty_of_budget_costs_no_request_more()
    {
        var worker = Worker(new ScriptedModels(Calls(("echo", new { text = "a" })), Says("Done.")), new LimitOptions { TokensPerDay = 1_000_000_000 });
        await worker.WarmUpAsync();
        await worker.Quotas.Ledger.FindAsync(_owner.Partition, CancellationToken.None);
        var before = worker.Requests.Count;

        await worker.AdvanceAsync(await worker.StartAsync());

        // Start, read, lease, answer, result, end.
        Assert.Equal(6, worker.Requests.Count - before);
    }

    [Fact]
    public async Task Suspended_run_gives_its_slot_back_and_accounts_for_what_it_used()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<ChatResponse>());
        var worker = Worker(
            new ScriptedModels(_ => { asked.TrySetResult(); return answer.Task; }, Says("Done.")),
            new LimitOptions { ConcurrentRuns = 1 },
            TimeProvider.System);
        var run = await worker.StartAsync();
        var driving = worker.AdvanceAsync(run);
        await asked.Task;
        await Assert.ThrowsAsync<TooManyConcurrentRunsException>(() => worker.StartAsync());
        await SetFlagAsync(worker, run, "SuspendRequested", true);
        answer.SetResult(Response(new FunctionCallContent("c", "echo", new Dictionary<string, object?> { ["text"] = "a" })));

        Assert.Equal(SliceEnd.Parked, (await driving).End);

        var state = await QuotaConcurrencyTests.StoredAsync(worker);
        Assert.Equal((15, 0), (state.Total.Used.Tokens, state.Reservations.Count));
        var other = await worker.StartAsync();
        await SetFlagAsync(worker, run, "SuspendRequested", false);
        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(run)).End);
        await worker.FinishAsync(other);
        Assert.Equal(RunStatus.Completed, (await worker.FinishAsync(run)).Status);
    }

    [Fact]
    public async Task Run_without_a_slot_is_looked_at_again_soon()
    {
        var worker = Worker(new ScriptedModels(Says("Done.")), new LimitOptions { ConcurrentRuns = 1 });
        var waiting = await worker.StartAsync();
        _time.Advance(QuotaState.Lifetime + TimeSpan.FromSeconds(1));
        await worker.StartAsync();

        var outcome = await worker.AdvanceAsync(waiting);

        Assert.Equal((SliceEnd.Parked, _time.GetUtcNow() + TimeSpan.FromSeconds(5)), (outcome.End, outcome.Until));
    }

    [Fact]
    public async Task Run_past_its_deadline_needs_no_slot_to_end()
    {
        var worker = Worker(new ScriptedModels(Says("Done.")), new LimitOptions { ConcurrentRuns = 1 });
        var late = await worker.StartAsync();
        _time.Advance(TimeSpan.FromHours(2));
        await worker.StartAsync();

        Assert.Equal(StopReason.Deadline, (await worker.FinishAsync(late)).StopReason);
    }

    [Fact]
    public async Task Use_that_crosses_midnight_counts_on_the_day_it_is_accounted_for_and_the_old_day_is_kept()
    {
        var worker = Worker(new ScriptedModels(Says("Done.")), new LimitOptions());
        worker.Agent = worker.Agent with { DeadlineSeconds = 24 * 3600 };
        await worker.FinishAsync(await worker.StartAsync());
        var run = await worker.StartAsync();
        _time.Advance(TimeSpan.FromHours(12));
        await worker.FinishAsync(run);

        var usage = await worker.Quotas.Usage.GetAsync(ScopeOf(_owner), 3, CancellationToken.None);

        Assert.Equal(
            [(new DateOnly(2026, 3, 2), 0L, 15L), (new DateOnly(2026, 3, 1), 2L, 15L), (new DateOnly(2026, 2, 28), 0L, 0L)],
            usage.Days.Select(day => (day.Date, day.Requests, day.Tokens)));
    }

    [Fact]
    public async Task Day_that_ends_while_it_is_looked_at_is_neither_lost_nor_counted_twice()
    {
        var (worker, other) = (Worker(new ScriptedModels(Says("Done.")), new LimitOptions()), Worker(new ScriptedModels(Says("Done.")), new LimitOptions()));
        await worker.FinishAsync(await worker.StartAsync());
        await worker.WarmUpAsync();
        _time.Advance(TimeSpan.FromHours(13));
        var requests = 0;
        worker.Requests.OnRequest = () =>
        {
            if (++requests == 2)
            {
                other.StartAsync().GetAwaiter().GetResult();
            }
        };

        var usage = await worker.Quotas.Usage.GetAsync(ScopeOf(_owner), 2, CancellationToken.None);

        Assert.Equal([(0L, 0L), (1L, 15L)], usage.Days.Select(day => (day.Requests, day.Tokens)));
    }

    [Fact]
    public async Task Agent_of_its_own_limits_is_bounded_besides_the_user()
    {
        var limits = new LimitOptions { ConcurrentRuns = 3 };
        limits.Agents["AGENT"] = new UsageLimits { ConcurrentRuns = 1 };
        var worker = Worker(new ScriptedModels(Says("Done.")), limits);
        await worker.StartAsync();

        var refusal = await Assert.ThrowsAsync<TooManyConcurrentRunsException>(() => worker.StartAsync());
        await worker.StartAsync(run => run with { AgentId = "other" });
        await worker.StartAsync(run => run with { AgentId = "handle~other" });

        Assert.Contains("\"agent\"", refusal.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TooManyConcurrentRunsException>(() => worker.StartAsync(run => run with { AgentId = "other" }));
    }

    private static Scope ScopeOf(Owner owner) => AccessPolicy.ScopeOf(new Caller(owner, new HashSet<string>()), userId: null);

    private static async Task SetFlagAsync(DriverFixture worker, Run run, string flag, bool value)
    {
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        await table.UpdateEntityAsync(
            new Azure.Data.Tables.TableEntity(run.Caller.Owner.Partition, $"run!{run.Id}") { [flag] = value }, Azure.ETag.All);
    }

    /// <summary>A model that calls a tool for ever, and uses as much each time.</summary>
    private static ScriptedModels Spender(long tokens, string model = "scripted:one") => new(_ =>
    {
        var response = Response(new FunctionCallContent("c", "echo", new Dictionary<string, object?> { ["text"] = "a" }));
        response.ModelId = model;
        response.Usage = new UsageDetails { InputTokenCount = tokens / 2, OutputTokenCount = tokens / 2 };
        return Task.FromResult(response);
    });

    private DriverFixture Worker(ScriptedModels models, LimitOptions limits, TimeProvider? time = null) =>
        new(azurite, models, _tools, _owner, time: time ?? _time, limits: limits) { Agent = new AgentDefinition { Model = "scripted:one", Tools = ["echo"] } };
}
