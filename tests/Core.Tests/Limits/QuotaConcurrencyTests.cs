using CsCheck;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Limits;

/// <summary>One owner's quota, with many who start runs at once, on several instances of the app.</summary>
[Collection(SharedAzurite.Name)]
public sealed class QuotaConcurrencyTests(AzuriteFixture azurite)
{
    private const int Starters = 64;
    private const int Instances = 3;

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly TestTools _tools = new();

    [Fact]
    public async Task No_limit_is_exceeded_by_64_starters_on_three_instances() => await Gen.Select(
        Gen.OneOf(Gen.Const(500), Gen.Int[1, 80]), Gen.OneOf(Gen.Const(60_000), Gen.Int[1, 80]), Gen.OneOf(Gen.Const(1_000_000L), Gen.Long[0, 100_000]))
        .SampleAsync(
            async (places, rate, tokens) =>
            {
                var limits = new LimitOptions { ConcurrentRuns = places, RequestsPerMinute = rate, TokensPerDay = tokens };
                var workers = Workers(limits);

                var outcomes = await Task.WhenAll(Enumerable.Range(0, Starters).Select(i => StartAsync(workers[i % Instances])));

                var state = await StoredAsync(workers[0]);
                var started = outcomes.Where(outcome => outcome.Run is not null).Select(outcome => outcome.Run!).ToList();
                Assert.True(started.Count <= Math.Min(places, rate));
                Assert.Equal(started.Count, state.Total.Requests);
                Assert.Equal(started.Select(run => run.Id).Order(), state.Reservations.Keys.Order());
                Assert.True(state.Reservations.Values.Sum(held => held.Amount.Tokens) <= tokens);
                Assert.Equal(
                    started.Sum(run => run.Quota.Reserved.Tokens), state.Reservations.Values.Sum(held => held.Amount.Tokens));
                AssertReasons(outcomes, state, limits);
            },
            iter: 8,
            threads: 1);

    [Fact]
    public async Task Totals_are_the_sum_of_what_all_runs_used()
    {
        var workers = Workers(new LimitOptions { ConcurrentRuns = 100, TokensPerDay = 1_000_000 });

        var runs = await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
        {
            var (starter, driver) = (workers[i % Instances], workers[(i + 1) % Instances]);
            return await driver.FinishAsync(await starter.StartAsync());
        }));

        var state = await StoredAsync(workers[0]);
        Assert.All(runs, run => Assert.Equal((RunStatus.Completed, 30), (run.Status, run.Usage.TotalTokens)));
        Assert.Equal((30 * 30, 30), (state.Total.Used.Tokens, state.Total.Requests));
        Assert.Empty(state.Reservations);
    }

    [Fact]
    public async Task Starts_of_one_owner_in_one_process_share_transactions()
    {
        var worker = Worker(DriverFixture.NewOwner(), new LimitOptions());
        await worker.WarmUpAsync();
        await worker.FinishAsync(await worker.StartAsync());
        var transactions = 0;
        worker.Requests.OnTransaction = () => Interlocked.Increment(ref transactions);

        await Task.WhenAll(Enumerable.Range(0, Starters).Select(_ => worker.StartAsync()));

        // Three rows a start and a hundred in a transaction make three at least; the first goes alone.
        Assert.InRange(transactions, 3, Starters / 4);
        Assert.Equal(Starters + 1, (await StoredAsync(worker)).Total.Requests);
    }

    [Fact]
    public async Task Runs_that_crashed_hold_their_slots_for_a_quarter_of_an_hour_and_no_longer()
    {
        var limits = new LimitOptions { ConcurrentRuns = 5, TokensPerDay = 12_000 };
        var owner = DriverFixture.NewOwner();
        var crashed = Worker(owner, limits);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => crashed.StartAsync()));
        var survivor = Worker(owner, limits);

        await Assert.ThrowsAsync<TooManyConcurrentRunsException>(() => survivor.StartAsync());
        _time.Advance(QuotaState.Lifetime + TimeSpan.FromSeconds(1));
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => survivor.StartAsync()));

        Assert.Equal(5, (await StoredAsync(survivor)).Reservations.Count);
    }

    [Fact]
    public async Task Crashed_run_that_goes_on_accounts_for_each_call_once()
    {
        var owner = DriverFixture.NewOwner();
        var limits = new LimitOptions { TokensPerDay = 1_000_000 };
        var asked = new TaskCompletionSource();
        var script = new ScriptedModels(
            Calls(("echo", new { text = "a" })), _ => { asked.TrySetResult(); return new TaskCompletionSource<ChatResponse>().Task; });
        var dying = new DriverFixture(azurite, script, _tools, owner, new RunOptions { LoseLeaseRenewals = true }, _time, limits: limits);
        var run = await dying.StartAsync();
        var driving = dying.AdvanceAsync(run);
        await asked.Task;
        _time.Advance(dying.Options.Lease);
        await driving;

        var ended = await Worker(owner, limits).FinishAsync(run);

        var state = await StoredAsync(dying);
        Assert.Equal(RunStatus.Completed, ended.Status);
        Assert.Equal(ended.Usage.Amount, state.Total.Used);
        Assert.Empty(state.Reservations);
    }

    [Fact]
    public async Task Start_whose_answer_was_lost_is_counted_once()
    {
        var worker = Worker(DriverFixture.NewOwner(), new LimitOptions());
        var run = await worker.StartAsync();

        // The same run again, as a request with the same idempotency key makes it.
        var again = await worker.Store.StartAsync(run, [new JournalEntry { Kind = EntryKind.Input, Messages = [] }], CancellationToken.None);

        Assert.Null(again);
        Assert.Equal(1, (await StoredAsync(worker)).Total.Requests);
        Assert.Single((await StoredAsync(worker)).Reservations);
    }

    private static void AssertReasons(IReadOnlyList<(Run? Run, LimitException? Refusal)> outcomes, QuotaState state, LimitOptions limits)
    {
        foreach (var refusal in outcomes.Select(outcome => outcome.Refusal).OfType<LimitException>())
        {
            Assert.True(refusal.RetryAfter > TimeSpan.Zero, refusal.Message);
            Assert.True(
                refusal switch
                {
                    RateLimitedException => state.Total.Requests == limits.RequestsPerMinute,
                    TooManyConcurrentRunsException => state.Reservations.Count == limits.ConcurrentRuns,
                    _ => true,
                },
                refusal.Message);
        }
    }

    private static async Task<(Run? Run, LimitException? Refusal)> StartAsync(DriverFixture worker)
    {
        try
        {
            return (await worker.StartAsync(), null);
        }
        catch (LimitException refusal)
        {
            return (null, refusal);
        }
    }

    /// <summary>The quota as it is in storage, whatever instances remember.</summary>
    internal static async Task<QuotaState> StoredAsync(DriverFixture worker)
    {
        worker.Quotas.Ledger.Forget(worker.Owner.Partition);
        return (await worker.Quotas.Ledger.FindAsync(worker.Owner.Partition, CancellationToken.None)).State;
    }

    private DriverFixture[] Workers(LimitOptions limits)
    {
        var owner = DriverFixture.NewOwner();
        return [.. Enumerable.Range(0, Instances).Select(_ => Worker(owner, limits))];
    }

    private DriverFixture Worker(Owner owner, LimitOptions limits) => new(
        azurite,
        new ScriptedModels(prompt => Task.FromResult(prompt.Any(message => message.Role == ChatRole.Tool)
            ? Response(new TextContent("Done."))
            : Response(new FunctionCallContent("c", "echo", new Dictionary<string, object?> { ["text"] = "a" })))),
        _tools,
        owner,
        time: _time,
        limits: limits);
}
