using CsCheck;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Tests.Limits;

/// <summary>What holds of a quota whatever happens to it.</summary>
public sealed class QuotaStateTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly UsageLimits Limits = new() { TokensPerDay = 1000, CostPerDayUsd = 5, RequestsPerMinute = 6, ConcurrentRuns = 4 };

    private static readonly UsageLimits AgentLimits = new() { TokensPerDay = 600, CostPerDayUsd = 4, RequestsPerMinute = 3, ConcurrentRuns = 2 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_limit_is_exceeded_whatever_happens(bool agent)
    {
        var bounds = agent ? new QuotaBounds(Limits, "helper", AgentLimits) : new QuotaBounds(Limits);
        QuotaStep.Steps.Sample(steps =>
        {
            var simulation = new QuotaSimulation(bounds);
            foreach (var step in steps)
            {
                simulation.Do(step);
                foreach (var (key, limits) in bounds.Scopes)
                {
                    AssertWithin(simulation.State, key, limits);
                    AssertRate(simulation.Starts, limits.RequestsPerMinute!.Value);
                }
            }
        });
    }

    [Fact]
    public void Totals_are_the_sum_of_what_runs_accounted_for_over_all_days() => QuotaStep.Steps.Sample(steps =>
    {
        var simulation = new QuotaSimulation(new QuotaBounds(Limits, "helper", AgentLimits));
        Array.ForEach(steps, simulation.Do);

        var meters = simulation.Closed.Values.Append(simulation.State.Total).ToList();
        Assert.Equal(simulation.Accounted, meters.Aggregate(default(QuotaAmount), (sum, meter) => sum + meter.Used));
        Assert.Equal(simulation.Starts.Count, meters.Sum(meter => meter.Requests));
    });

    [Fact]
    public void Nothing_leaks_when_every_run_crashes() => QuotaStep.Steps.Sample(steps =>
    {
        var simulation = new QuotaSimulation(new QuotaBounds(Limits, "helper", AgentLimits));
        Array.ForEach(steps, simulation.Do);

        // A reservation that replaces one of the same second ends a second later than that one.
        var last = simulation.Now + QuotaState.Lifetime + TimeSpan.FromSeconds(steps.Length);
        Assert.Empty(simulation.State.At(last).Reservations);
    });

    [Fact]
    public void Row_says_what_the_state_says_and_reads_back() => QuotaStep.Steps.Sample(steps =>
    {
        var simulation = new QuotaSimulation(new QuotaBounds(Limits, "helper", AgentLimits));
        Array.ForEach(steps, simulation.Do);

        var read = QuotaRow.Read(QuotaRowTests.RowOf(simulation.State));

        Assert.Equal((simulation.State.Day, simulation.State.Total), (read.Day, read.Total));
        Assert.Equal(simulation.State.Agents.OrderBy(agent => agent.Key), read.Agents.OrderBy(agent => agent.Key));
        Assert.Equal(simulation.State.Reservations.Keys.Order(), read.Reservations.Keys.Order());
        Assert.All(simulation.State.Reservations, held =>
        {
            var stored = read.Reservations[held.Key];
            Assert.True(stored.Amount.Covers(held.Value.Amount) && stored.Until >= held.Value.Until && stored.AgentKey == held.Value.AgentKey);
        });
    });

    [Fact]
    public void Run_of_a_limited_agent_is_still_that_agents_on_the_next_day()
    {
        var bounds = new QuotaBounds(new UsageLimits(), "helper", new UsageLimits { ConcurrentRuns = 1 });
        var late = new DateTimeOffset(2026, 3, 1, 23, 59, 0, TimeSpan.Zero);
        var (state, _) = new QuotaState().At(late).Admit(late, bounds, "a", default, holds: true);

        var next = QuotaRow.Read(QuotaRowTests.RowOf(state.At(late + TimeSpan.FromMinutes(10))));

        Assert.Equal("helper", next.Find("a")!.AgentKey);
        Assert.NotNull(next.Hold(late + TimeSpan.FromMinutes(10), bounds, "b").Refusal);
    }

    [Fact]
    public void Repeated_start_is_not_counted_twice()
    {
        var bounds = new QuotaBounds(Limits);
        var (once, _) = Start(bounds, "a", 100);

        var (twice, refusal) = once.Admit(Noon, bounds, "a", new QuotaAmount(100, 0), holds: true);

        Assert.Null(refusal);
        Assert.Same(once, twice);
    }

    [Fact]
    public void Waiting_run_holds_no_slot_and_takes_one_when_it_goes_on()
    {
        var bounds = new QuotaBounds(new UsageLimits { ConcurrentRuns = 1 });
        var state = new QuotaState().At(Noon);
        (state, var first) = state.Admit(Noon, bounds, "a", default, holds: true);
        (state, var waiting) = state.Admit(Noon, bounds, "b", default, holds: false);
        var (_, full) = state.Hold(Noon, bounds, "b");
        state = state.Release(bounds, "a", default);
        (state, var free) = state.Hold(Noon, bounds, "b");

        Assert.Equal((null, null, QuotaLimit.Concurrency, null), (first, waiting, full?.Limit, free));
        Assert.Equal(["b"], state.Reservations.Keys);
        Assert.Equal(2, state.Total.Requests);
    }

    [Fact]
    public void Plenty_is_reserved_at_once_and_what_is_short_is_reserved_call_by_call()
    {
        var bounds = new QuotaBounds(new UsageLimits { TokensPerDay = 1000 });

        Assert.Equal(400, Start(bounds, "a", 100).Next.Find("a")!.Amount.Tokens);
        Assert.Equal(200, Start(bounds, "a", 200).Next.Find("a")!.Amount.Tokens);
    }

    [Fact]
    public void Budget_that_others_only_reserved_may_be_free_soon_and_one_that_is_used_up_is_so_until_midnight()
    {
        var bounds = new QuotaBounds(new UsageLimits { TokensPerDay = 1000 });
        var (reserved, _) = Start(bounds, "a", 900);
        var used = reserved.Release(bounds, "a", new QuotaAmount(900, 0));

        var (_, soon) = reserved.Admit(Noon, bounds, "b", new QuotaAmount(200, 0), holds: true);
        var (_, tomorrow) = used.Admit(Noon, bounds, "b", new QuotaAmount(200, 0), holds: true);

        Assert.Equal(TimeSpan.FromSeconds(5), soon!.RetryAfter);
        Assert.Equal(TimeSpan.FromHours(12), tomorrow!.RetryAfter);
        Assert.Contains("1000 tokens", tomorrow.Detail, StringComparison.Ordinal);
        Assert.Contains("900 are used", tomorrow.Detail, StringComparison.Ordinal);
        Assert.Contains("2026-03-02T00:00:00Z", tomorrow.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_refusal_names_its_limit_and_what_it_is_for()
    {
        var bounds = new QuotaBounds(new UsageLimits(), "helper", new UsageLimits { CostPerDayUsd = 1, RequestsPerMinute = 1, ConcurrentRuns = 1 });
        var (state, _) = new QuotaState().At(Noon).Admit(Noon, bounds, "a", new QuotaAmount(0, 0.25m), holds: true);

        var (_, rate) = state.Admit(Noon, bounds, "b", default, holds: true);
        var (_, place) = state.Admit(Noon + TimeSpan.FromMinutes(1), bounds, "b", default, holds: true);
        var (_, cost) = state.Admit(Noon, bounds, "b", new QuotaAmount(0, 0.8m), holds: true);

        Assert.IsType<RateLimitedException>(rate!.ToException());
        Assert.IsType<TooManyConcurrentRunsException>(place!.ToException());
        Assert.IsType<QuotaExceededException>(cost!.ToException());
        Assert.All([rate, place, cost], refusal => Assert.Contains("\"helper\"", refusal.Detail, StringComparison.Ordinal));
        Assert.Equal(TimeSpan.FromMinutes(1), rate.RetryAfter);
        Assert.Contains("in 60 s", rate.Detail, StringComparison.Ordinal);
        Assert.Contains("1 US dollars", cost.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_of_an_API_key_hold_beside_its_users_and_are_counted_for_it_alone()
    {
        var user = new UsageLimits { TokensPerDay = 1000, RequestsPerMinute = 100 };
        var bounds = new QuotaBounds(user) { ApiKey = QuotaBounds.ApiKeyOf("key_1"), Key = new UsageLimits { TokensPerDay = 100, RequestsPerMinute = 2 } };
        var other = bounds with { ApiKey = QuotaBounds.ApiKeyOf("key_2") };
        var (state, _) = new QuotaState().At(Noon).Admit(Noon, bounds, "a", new QuotaAmount(60, 0), holds: true);

        var (_, budget) = state.Admit(Noon, bounds, "b", new QuotaAmount(60, 0), holds: true);
        var (counted, none) = state.Count(Noon, bounds);
        var (_, rate) = counted.Count(Noon, bounds);

        Assert.Equal(100, bounds.TokensPerDay);
        Assert.IsType<QuotaExceededException>(budget!.ToException());
        Assert.Null(none);
        Assert.IsType<RateLimitedException>(rate!.ToException());
        Assert.All([budget, rate], refusal => Assert.Contains("with this API key", refusal.Detail, StringComparison.Ordinal));
        Assert.Null(counted.Admit(Noon, other, "b", new QuotaAmount(60, 0), holds: true).Refusal);
        Assert.Null(counted.Admit(Noon, new QuotaBounds(user), "b", new QuotaAmount(60, 0), holds: true).Refusal);
    }

    [Fact]
    public void Keys_that_come_and_go_do_not_fill_the_row()
    {
        var state = new QuotaState().At(Noon);
        for (var i = 0; i < 300; i++)
        {
            var bounds = new QuotaBounds(new UsageLimits()) { ApiKey = QuotaBounds.ApiKeyOf($"key_{i}"), Key = new UsageLimits { RequestsPerMinute = 2 } };
            state = state.Count(Noon + TimeSpan.FromSeconds(i), bounds).Next;
        }

        Assert.Equal(100, state.Agents.Count);
        Assert.Contains(QuotaBounds.ApiKeyOf("key_299"), state.Agents.Keys);
    }

    [Fact]
    public void New_day_begins_with_everything_but_the_rate_and_what_is_reserved()
    {
        var bounds = new QuotaBounds(Limits, "helper", AgentLimits);
        var late = new DateTimeOffset(2026, 3, 1, 23, 59, 59, TimeSpan.Zero);
        var (state, _) = new QuotaState().At(late).Admit(late, bounds, "a", new QuotaAmount(100, 1), holds: true);
        state = state.Release(bounds, "b", new QuotaAmount(50, 1));

        var next = state.At(late + TimeSpan.FromSeconds(2));

        Assert.Equal((new DateOnly(2026, 3, 1), state.Total), next.Closed);
        Assert.Equal((new DateOnly(2026, 3, 2), default, 0), (next.Day, next.Total.Used, next.Total.Requests));
        Assert.Equal(state.Total.Bucket, next.Total.Bucket);
        Assert.Equal(["a"], next.Reservations.Keys);
        Assert.Equal(next, next.At(late) with { Closed = next.Closed });
    }

    private static (QuotaState Next, QuotaRefusal? Refusal) Start(QuotaBounds bounds, string run, long tokens) =>
        new QuotaState().At(Noon).Admit(Noon, bounds, run, new QuotaAmount(tokens, 0), holds: true);

    private static void AssertWithin(QuotaState state, string? agentKey, UsageLimits limits)
    {
        var held = state.Reservations.Values.Where(reservation => agentKey is null || reservation.AgentKey == agentKey).ToList();
        var all = held.Aggregate(state.Meter(agentKey).Used, (sum, reservation) => sum + reservation.Amount);
        Assert.True(all.Tokens <= limits.TokensPerDay && all.CostUsd <= limits.CostPerDayUsd, $"{all} is used or reserved.");
        Assert.True(held.Count <= limits.ConcurrentRuns, $"{held.Count} runs go on.");
    }

    /// <summary>In any stretch of time no more than the bucket holds and what came back in that time.</summary>
    private static void AssertRate(List<DateTimeOffset> starts, int perMinute)
    {
        for (var first = 0; first < starts.Count; first++)
        {
            var count = starts.Count - first;
            Assert.True(count <= perMinute + ((starts[^1] - starts[first]).TotalMinutes * perMinute) + 1e-6, $"{count} starts.");
        }
    }
}
