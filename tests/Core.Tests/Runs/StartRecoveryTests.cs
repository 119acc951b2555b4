using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage.Due;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>Starts whose answer was lost, and runs that nobody drives.</summary>
[Collection(RunsAzurite.Name)]
public sealed class StartRecoveryTests(AzuriteFixture azurite)
{
    private readonly Owner _owner = DriverFixture.NewOwner();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Start_whose_answer_was_lost_is_written_down_and_the_timer_has_it_driven()
    {
        var answers = new LostAnswers();
        var worker = Worker(answers);
        var run = NewRun(worker);
        await worker.WarmUpAsync();
        await worker.Lost.StartAsync(CancellationToken.None);

        answers.Lose = true;
        await Assert.ThrowsAnyAsync<Exception>(() => worker.Store.StartAsync(run, [Input(run)], CancellationToken.None));
        answers.Lose = false;
        var due = new DueStore(worker.Storage, TestUnknown.Values);
        await Poll.UntilAsync(() => ListAsync(due).GetAwaiter().GetResult().Any(item => item.Kind == DueKind.Start && item.About == run.Id));
        await worker.Lost.StopAsync(CancellationToken.None);
        await worker.Retention.RunAsync(CancellationToken.None);

        Assert.NotNull(await worker.Store.FindAsync(_owner.Partition, run.Id, CancellationToken.None));
        Assert.Contains((run.Driver, worker.Reference(run)), worker.Scheduler.Scheduled);
        Assert.Contains(run.Driver, worker.Scheduler.Woken);
        Assert.DoesNotContain(await ListAsync(due), item => item.Kind == DueKind.Start && item.About == run.Id);
    }

    [Fact]
    public async Task Start_that_never_comes_is_looked_for_until_the_next_day_is_over()
    {
        var worker = Worker();
        var today = DueItem.DayOf(_time.GetUtcNow());
        var item = LostStarts.DueOf(new RunReference(_owner.Partition, "run_never"), today);

        Assert.Equal(today, await worker.Recovery.LookAsync(item, CancellationToken.None));
        _time.Advance(TimeSpan.FromDays(2));

        Assert.Null(await worker.Recovery.LookAsync(item, CancellationToken.None));
        Assert.Empty(worker.Scheduler.Scheduled);
    }

    [Fact]
    public async Task Run_past_its_deadline_that_nobody_drives_is_ended_by_who_looks_and_gives_its_conversation_free()
    {
        var worker = Worker();
        var dead = await worker.StartAsync(run => run with { ConversationId = "talk", Deadline = _time.GetUtcNow().AddSeconds(30) });
        var next = await worker.StartAsync(run => run with { ConversationId = "talk", OnConflict = OnConflict.Enqueue });

        Assert.False(await worker.Overdue.EndAsync(_owner.Partition, dead.Id, CancellationToken.None));
        _time.Advance(TimeSpan.FromMinutes(1));
        var ended = await worker.Overdue.EndAsync(dead, CancellationToken.None);

        Assert.Equal((RunStatus.Expired, StopReason.Deadline), (ended.Status, ended.StopReason));
        Assert.Contains(next.Driver, worker.Scheduler.Woken);
        Assert.Equal(RunStatus.Completed, (await worker.FinishAsync(next)).Status);
    }

    [Fact]
    public async Task Run_past_its_deadline_under_a_lease_is_left_to_who_drives_it()
    {
        var worker = Worker();
        var now = _time.GetUtcNow();
        var run = await worker.StartAsync(run => run with { Status = RunStatus.Running, Epoch = 1, Deadline = now.AddSeconds(5), LeaseUntil = now.AddSeconds(30) });
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.False((await worker.Overdue.EndAsync(run, CancellationToken.None)).IsTerminal);
    }

    private static async Task<List<DueItem>> ListAsync(DueStore due) =>
        await due.ListAsync(DueItem.DayOf(DateTimeOffset.UtcNow).AddDays(1), CancellationToken.None).ToListAsync();

    private static JournalEntry Input(Run run) =>
        new() { Kind = EntryKind.Input, StartedAt = run.CreatedAt, Messages = [new ChatMessage(ChatRole.User, "Hello")] };

    private Run NewRun(DriverFixture worker) =>
        LoopFixture.NewRun(worker.Agent, _time.GetUtcNow()) with { Caller = new Caller(_owner, new HashSet<string>()) };

    private DriverFixture Worker(HttpPipelinePolicy? policy = null) =>
        new(azurite, new ScriptedModels(Says("Done.")), new TestTools(), _owner, time: _time, policy: policy);

    /// <summary>Has storage carry out a transaction and then fail, as if its answer had been lost, however often it is sent.</summary>
    private sealed class LostAnswers : HttpPipelinePolicy
    {
        public bool Lose { get; set; }

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException();

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            await ProcessNextAsync(message, pipeline);
            if (Lose && message.Request.Uri.Path.EndsWith("$batch", StringComparison.Ordinal))
            {
                throw new IOException("The answer was lost.");
            }
        }
    }
}
