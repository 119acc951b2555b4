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

/// <summary>Runs that live in their request have no row, and the same limits.</summary>
[Collection(SharedAzurite.Name)]
public sealed class InlineQuotasTests(AzuriteFixture azurite)
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Inline_run_counts_takes_a_slot_and_gives_it_back_with_what_it_used()
    {
        var worker = Worker(new LimitOptions { ConcurrentRuns = 1 });
        var run = NewRun(worker);
        var ticket = await worker.Quotas.Inline.AdmitAsync(run, Input, CancellationToken.None);
        await Assert.ThrowsAsync<TooManyConcurrentRunsException>(() => worker.Quotas.Inline.AdmitAsync(NewRun(worker), Input, CancellationToken.None));
        await Assert.ThrowsAsync<TooManyConcurrentRunsException>(() => worker.StartAsync());

        await ticket.SettleAsync(new RunUsage(InputTokens: 20, OutputTokens: 7, CostUsd: 0.5m), CancellationToken.None);
        await ticket.SettleAsync(new RunUsage(InputTokens: 20, OutputTokens: 7, CostUsd: 0.5m), CancellationToken.None);

        var state = await QuotaConcurrencyTests.StoredAsync(worker);
        Assert.Equal((new QuotaAmount(27, 0.5m), 1L), (state.Total.Used, state.Total.Requests));
        Assert.Empty(state.Reservations);
    }

    [Fact]
    public async Task Budget_that_ends_during_an_inline_run_stops_it_before_its_next_model_call()
    {
        var models = new ScriptedModels(_ =>
        {
            var response = Response(new FunctionCallContent("c", "echo", new Dictionary<string, object?> { ["text"] = "a" }));
            response.Usage = new UsageDetails { InputTokenCount = 400, OutputTokenCount = 400 };
            return Task.FromResult(response);
        });
        var worker = Worker(new LimitOptions { TokensPerDay = 3_000 }, models);
        var run = NewRun(worker);
        var ticket = await worker.Quotas.Inline.AdmitAsync(run, Input, CancellationToken.None);
        var journal = new MemoryRunJournal(run, Input, ticket);
        using var slice = new Slice(TimeSpan.FromMinutes(1), _time, CancellationToken.None, CancellationToken.None);

        await worker.Loop.AdvanceAsync(journal, slice);
        await ticket.SettleAsync(journal.Run.Usage, CancellationToken.None);

        Assert.Equal((RunStatus.Failed, StopReason.Quota), (journal.Run.Status, journal.Run.StopReason));
        Assert.InRange(journal.Run.Usage.TotalTokens, 800, 3_000);
        Assert.Equal(journal.Run.Usage.TotalTokens, (await QuotaConcurrencyTests.StoredAsync(worker)).Total.Used.Tokens);
    }

    [Fact]
    public async Task Request_that_was_never_settled_holds_its_slot_for_a_quarter_of_an_hour()
    {
        var worker = Worker(new LimitOptions { ConcurrentRuns = 1 });
        await worker.Quotas.Inline.AdmitAsync(NewRun(worker), Input, CancellationToken.None);

        _time.Advance(QuotaState.Lifetime + TimeSpan.FromSeconds(1));

        await worker.Quotas.Inline.AdmitAsync(NewRun(worker), Input, CancellationToken.None);
        Assert.Single((await QuotaConcurrencyTests.StoredAsync(worker)).Reservations);
    }

    [Fact]
    public async Task Inline_runs_of_many_instances_at_once_stay_within_the_limit()
    {
        var workers = Enumerable.Range(0, 3).Select(_ => Worker(new LimitOptions { ConcurrentRuns = 10 })).ToList();

        var admitted = await Task.WhenAll(Enumerable.Range(0, 30).Select(async i =>
        {
            try
            {
                await workers[i % 3].Quotas.Inline.AdmitAsync(NewRun(workers[i % 3]), Input, CancellationToken.None);
                return 1;
            }
            catch (TooManyConcurrentRunsException)
            {
                return 0;
            }
        }));

        Assert.Equal(10, admitted.Sum());
    }

    private static IReadOnlyList<ChatMessage> Input => [new ChatMessage(ChatRole.User, "Hello")];

    private Run NewRun(DriverFixture worker) =>
        LoopFixture.NewRun(worker.Agent, _time.GetUtcNow()) with { Caller = new Caller(_owner, new HashSet<string>()) };

    private DriverFixture Worker(LimitOptions limits, ScriptedModels? models = null)
    {
        var worker = new DriverFixture(azurite, models ?? new ScriptedModels(Says("Done.")), new TestTools(), _owner, time: _time, limits: limits);
        worker.Agent = worker.Agent with { MaxOutputTokens = 500 };
        return worker;
    }
}
