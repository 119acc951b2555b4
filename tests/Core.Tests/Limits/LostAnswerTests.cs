using Microsoft.Extensions.AI;
using Yggdrasil.Identity;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Limits;

/// <summary>Whichever write's answer is lost on its way, what a run has used is in its owner's day once.</summary>
[Collection(SharedAzurite.Name)]
public sealed class LostAnswerTests(AzuriteFixture azurite)
{
    /// <summary>The write that takes the lease: should its answer be lost, the run is taken up again once that lease has ended.</summary>
    private const int Lease = 1;

    [Fact]
    public async Task Run_that_its_budget_ends()
    {
        for (var (write, isLost) = (Lease + 1, true); isLost; write++)
        {
            var (worker, lost) = Worker(new ScriptedModels(Spends), new LimitOptions { TokensPerDay = 2_500 });
            var run = await worker.StartAsync();
            lost.Lose(write);

            var outcome = await worker.AdvanceAsync(run);

            var ended = (await worker.LoadAsync(run)).Run;
            Assert.Equal((SliceEnd.Finished, StopReason.Quota), (outcome.End, ended.StopReason));
            await AssertCountedOnceAsync(worker, ended.Usage);
            isLost = lost.IsLost;
            Assert.True(isLost || write > 6);
        }
    }

    [Fact]
    public async Task Run_that_is_suspended()
    {
        for (var (write, isLost) = (Lease + 1, true); isLost; write++)
        {
            var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<ChatResponse>());
            var (worker, lost) = Worker(new ScriptedModels(_ => { asked.SetResult(); return answer.Task; }), new LimitOptions { TokensPerDay = 100_000 });
            var run = await worker.StartAsync();
            lost.Lose(write);
            var driving = worker.AdvanceAsync(run);
            await asked.Task;
            var (other, _) = Worker(new ScriptedModels(Spends), new LimitOptions(), worker.Owner);
            await other.Control.SuspendAsync(other.Scope, run.Id, CancellationToken.None);
            answer.SetResult(await Spends([]));

            Assert.Equal(SliceEnd.Parked, (await driving).End);

            var suspended = (await worker.LoadAsync(run)).Run;
            Assert.Equal(RunStatus.Suspended, suspended.Status);
            await AssertCountedOnceAsync(worker, suspended.Usage);
            isLost = lost.IsLost;
            Assert.True(isLost || write > 3);
        }
    }

    [Fact]
    public async Task Run_of_a_conversation_in_which_another_waits()
    {
        var (worker, lost) = Worker(new ScriptedModels(Says("Done.")), new LimitOptions());
        var expired = await worker.StartAsync(run => run with { ConversationId = "c-1", Deadline = run.CreatedAt });
        var next = await worker.StartAsync(run => run with { ConversationId = "c-1", OnConflict = OnConflict.Enqueue });
        lost.Lose(Lease + 1);

        var outcome = await worker.AdvanceAsync(expired);

        Assert.True(lost.IsLost);
        Assert.Equal((SliceEnd.Finished, next.Id), (outcome.End, outcome.NextRun));
        Assert.Equal(StopReason.Deadline, (await worker.LoadAsync(expired)).Run.StopReason);
    }

    [Fact]
    public async Task Inline_run()
    {
        for (var (write, isLost) = (1, true); isLost; write++)
        {
            var (worker, lost) = Worker(new ScriptedModels(Spends), new LimitOptions { TokensPerDay = 2_500 });
            await worker.WarmUpAsync();
            var run = LoopFixture.NewRun(worker.Agent, worker.Time.GetUtcNow()) with { Caller = new Caller(worker.Owner, new HashSet<string>()) };
            lost.Lose(write);
            ChatMessage[] input = [new(ChatRole.User, "Hello")];

            var ticket = await worker.Quotas.Inline.AdmitAsync(run, input, CancellationToken.None);
            var journal = new MemoryRunJournal(run, input, ticket);
            using var slice = new Slice(TimeSpan.FromMinutes(1), worker.Time, CancellationToken.None, CancellationToken.None);
            await worker.Loop.AdvanceAsync(journal, slice);
            await ticket.SettleAsync(journal.Run.Usage, CancellationToken.None);

            Assert.Equal(StopReason.Quota, journal.Run.StopReason);
            Assert.Equal(1, (await QuotaConcurrencyTests.StoredAsync(worker)).Total.Requests);
            await AssertCountedOnceAsync(worker, journal.Run.Usage);
            isLost = lost.IsLost;
            Assert.True(isLost || write > 3);
        }
    }

    /// <summary>A model that calls a tool for ever, and uses as much each time.</summary>
    private static Task<ChatResponse> Spends(IReadOnlyList<ChatMessage> prompt)
    {
        var response = Response(new FunctionCallContent("c", "echo", new Dictionary<string, object?> { ["text"] = "a" }));
        response.Usage = new UsageDetails { InputTokenCount = 250, OutputTokenCount = 250 };
        return Task.FromResult(response);
    }

    private static async Task AssertCountedOnceAsync(DriverFixture worker, RunUsage usage)
    {
        var state = await QuotaConcurrencyTests.StoredAsync(worker);
        Assert.Equal(usage.TotalTokens, state.Total.Used.Tokens);
        Assert.Empty(state.Reservations);
    }

    private (DriverFixture Worker, LostAnswer Lost) Worker(ScriptedModels models, LimitOptions limits, Owner? owner = null)
    {
        var lost = new LostAnswer();
        var worker = new DriverFixture(azurite, models, new TestTools(), owner ?? DriverFixture.NewOwner(), limits: limits, policy: lost);
        worker.Agent = worker.Agent with { Tools = ["echo"], MaxOutputTokens = 500 };
        return (worker, lost);
    }
}
