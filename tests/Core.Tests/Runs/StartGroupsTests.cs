using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Tests.Limits;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>Starts that share a transaction do not share their fates.</summary>
[Collection(RunsAzurite.Name)]
public sealed class StartGroupsTests(AzuriteFixture azurite)
{
    private const int Starters = 20;

    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Run_that_exists_already_keeps_nobody_else_from_starting()
    {
        var worker = Worker();
        var existing = await worker.StartAsync();

        var again = Enumerable.Range(0, 3).Select(_ => StartAsync(worker, existing)).ToList();
        var others = await Task.WhenAll(Enumerable.Range(0, Starters).Select(_ => StartAsync(worker, NewRun(worker))));

        Assert.All(await Task.WhenAll(again), Assert.Null);
        Assert.All(others, Assert.NotNull);
        Assert.Equal(Starters + 1, (await QuotaConcurrencyTests.StoredAsync(worker)).Total.Requests);
    }

    [Fact]
    public async Task Same_run_at_once_is_started_once()
    {
        var worker = Worker();
        var run = NewRun(worker);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => StartAsync(worker, run)));

        Assert.Single(outcomes, outcome => outcome is not null);
        Assert.Equal(1, (await QuotaConcurrencyTests.StoredAsync(worker)).Total.Requests);
    }

    [Fact]
    public async Task Refused_start_keeps_nobody_else_from_starting()
    {
        var worker = Worker(new LimitOptions { TokensPerDay = 100_000 });
        var dear = worker.Agent with { MaxOutputTokens = 200_000 };

        var refused = Enumerable.Range(0, 3).Select(_ => StartAsync(worker, NewRun(worker) with { Agent = dear })).ToList();
        var others = await Task.WhenAll(Enumerable.Range(0, Starters).Select(_ => StartAsync(worker, NewRun(worker))));

        Assert.All(others, Assert.NotNull);
        foreach (var start in refused)
        {
            await Assert.ThrowsAsync<QuotaExceededException>(() => start);
        }
    }

    [Fact]
    public async Task Request_that_goes_away_is_either_started_or_not_and_keeps_nobody()
    {
        var worker = Worker();
        using var gone = new CancellationTokenSource();
        worker.Requests.OnTransaction = gone.Cancel;

        var leaving = Enumerable.Range(0, Starters).Select(_ => StartAsync(worker, NewRun(worker), gone.Token)).ToList();
        var staying = await Task.WhenAll(Enumerable.Range(0, Starters).Select(_ => StartAsync(worker, NewRun(worker))));
        foreach (var start in leaving)
        {
            await Task.WhenAny(start);
        }

        await Poll.UntilAsync(() => CountAsync(worker).GetAwaiter().GetResult() is var (rows, counted) && rows == counted);
        Assert.All(staying, Assert.NotNull);
        Assert.NotNull(await StartAsync(worker, NewRun(worker)));
        Assert.Contains(leaving, start => start.IsCanceled);
    }

    [Fact]
    public async Task Starts_into_one_conversation_share_their_writes_and_wait_in_order()
    {
        var worker = Worker();
        var talk = $"c-{Guid.NewGuid():N}";
        var transactions = 0;
        await worker.WarmUpAsync();
        worker.Requests.OnTransaction = () => Interlocked.Increment(ref transactions);

        var started = await Task.WhenAll(Enumerable.Range(0, 40).Select(number => StartAsync(
            worker, NewRun(worker) with { ConversationId = talk, OnConflict = OnConflict.Enqueue, CreatedAt = DateTimeOffset.UnixEpoch.AddSeconds(number) })));

        Assert.All(started, Assert.NotNull);
        Assert.InRange(transactions, 2, 10);
        var conversation = await worker.Conversations.GetAsync(worker.Scope, talk, CancellationToken.None);
        Assert.Equal(started.Single(run => !run!.IsEnqueued)!.Id, conversation.ActiveRun);
        Assert.Equal(
            started.Where(run => run!.IsEnqueued).Select(run => run!.Id).Order(), conversation.Queue.Order());
        Assert.Single((await QuotaConcurrencyTests.StoredAsync(worker)).Reservations);
        Assert.Equal([conversation.ActiveRun!, .. conversation.Queue], await ListedAsync(worker, talk));
    }

    [Fact]
    public async Task Run_that_was_overtaken_on_its_way_is_listed_where_it_waits()
    {
        var worker = Worker();
        var early = NewRun(worker) with { ConversationId = "talk", OnConflict = OnConflict.Enqueue };
        var late = NewRun(worker) with { ConversationId = "talk", OnConflict = OnConflict.Enqueue, CreatedAt = early.CreatedAt.AddSeconds(-1) };

        var first = await StartAsync(worker, early);
        var second = await StartAsync(worker, late);

        Assert.Equal([early.Id, late.Id], await ListedAsync(worker, "talk"));
        Assert.Equal([early.Id, late.Id], await ListedAsync(worker, conversation: null));
        Assert.True(first!.CreatedAt < second!.CreatedAt, $"{first.CreatedAt:O} {second.CreatedAt:O}");
        Assert.Equal(second.CreatedAt, (await worker.LoadAsync(late)).Run.CreatedAt);
        Assert.Equal(late.Deadline, (await worker.LoadAsync(late)).Run.Deadline);
    }

    /// <summary>The runs of a list, the oldest first.</summary>
    private static async Task<List<string>> ListedAsync(DriverFixture worker, string? conversation)
    {
        var page = await worker.Lists.ListAsync(worker.Owner, new RunFilter { ConversationId = conversation }, 100, after: null, CancellationToken.None);
        return [.. page.Items.Select(run => run.Id).Reverse()];
    }

    [Fact]
    public async Task Of_starts_that_refuse_one_another_one_is_started()
    {
        var worker = Worker();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, Starters).Select(async _ => await Record.ExceptionAsync(
            () => StartAsync(worker, NewRun(worker) with { ConversationId = "talk", OnConflict = OnConflict.Reject }))));

        Assert.Single(outcomes, outcome => outcome is null);
        Assert.Equal(Starters - 1, outcomes.Count(outcome => outcome is ConflictException));
    }

    [Fact]
    public async Task Starts_that_interrupt_one_another_have_the_first_one_cancelled()
    {
        var worker = Worker();

        var started = await Task.WhenAll(Enumerable.Range(0, Starters).Select(
            _ => StartAsync(worker, NewRun(worker) with { ConversationId = "talk", OnConflict = OnConflict.Interrupt })));

        var active = started.Single(run => !run!.IsEnqueued)!;
        Assert.True((await worker.LoadAsync(active)).Run.CancelRequested);
        Assert.Equal(Starters - 1, (await worker.Conversations.GetAsync(worker.Scope, "talk", CancellationToken.None)).Queue.Count);
    }

    [Fact]
    public async Task Bursts_of_two_instances_into_one_conversation_are_all_started()
    {
        var workers = (DriverFixture[])[Worker(), Worker()];

        var started = await Task.WhenAll(Enumerable.Range(0, Starters).Select(number => StartAsync(
            workers[number % 2], NewRun(workers[0]) with { ConversationId = "talk", OnConflict = OnConflict.Enqueue })));

        Assert.All(started, Assert.NotNull);
        Assert.Equal(Starters - 1, (await workers[0].Conversations.GetAsync(workers[0].Scope, "talk", CancellationToken.None)).Queue.Count);
    }

    private static async Task<(int Rows, long Counted)> CountAsync(DriverFixture worker)
    {
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        var rows = await table.QueryAsync<Azure.Data.Tables.TableEntity>(row => row.PartitionKey == worker.Owner.Partition)
            .CountAsync(row => row.RowKey.StartsWith("list!", StringComparison.Ordinal));
        return (rows, (await QuotaConcurrencyTests.StoredAsync(worker)).Total.Requests);
    }

    private static Task<Run?> StartAsync(DriverFixture worker, Run run, CancellationToken cancellationToken = default)
    {
        var input = new JournalEntry { Kind = EntryKind.Input, StartedAt = run.CreatedAt, Messages = [new ChatMessage(ChatRole.User, "Hello")] };
        return worker.Store.StartAsync(run, [input], cancellationToken);
    }

    private Run NewRun(DriverFixture worker) =>
        LoopFixture.NewRun(worker.Agent, worker.Time.GetUtcNow()) with { Caller = new Caller(_owner, new HashSet<string>()) };

    private DriverFixture Worker(LimitOptions? limits = null) =>
        new(azurite, new ScriptedModels(Says("Done.")), new TestTools(), _owner, limits: limits ?? new LimitOptions());
}
