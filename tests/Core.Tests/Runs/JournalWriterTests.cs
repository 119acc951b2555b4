using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>Steps that are written beside the next ones: what shares a transaction, what waits for none, and what a crash loses.</summary>
[Collection(RunsAzurite.Name)]
public sealed class JournalWriterTests(AzuriteFixture azurite)
{
    private readonly TestTools _tools = new();
    private readonly Owner _owner = DriverFixture.NewOwner();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Steps_that_follow_soon_are_written_together_while_the_first_is_on_its_way()
    {
        var held = new HeldTransaction();
        var worker = Worker(
            held, Calls(("echo", new { text = "a" })), Calls(("echo", new { text = "b" })),
            _ => { held.LetGo(); return Task.FromResult(Response(new TextContent("Done."))); });
        var run = await worker.StartAsync();
        held.HoldNext(after: 1);

        var ended = await worker.FinishAsync(run);
        var (_, entries) = await worker.LoadAsync(run);

        Assert.Equal("Done.", ended.Output);
        Assert.Equal(
            [EntryKind.Input, EntryKind.Model, EntryKind.Tool, EntryKind.Model, EntryKind.Tool, EntryKind.Model], entries.Select(entry => entry.Kind));
        Assert.Equal(Enumerable.Range(0, entries.Count).Select(number => (long)number), entries.Select(entry => entry.Sequence));

        // The lease, the first answer, and all the rest.
        Assert.Equal(3, held.Count);
    }

    [Fact]
    public async Task Call_that_must_not_be_repeated_begins_only_when_all_before_it_is_in_storage()
    {
        var held = new HeldTransaction();
        var worker = Worker(held, Calls(("post", new { text = "a" })), Says("Done."));
        var run = await worker.StartAsync();
        IReadOnlyList<EntryKind> seen = [];
        _tools.Behave = async (_, _) =>
        {
            seen = [.. (await worker.LoadAsync(run)).Entries.Select(entry => entry.Kind)];
            return "posted";
        };

        await worker.FinishAsync(run);

        Assert.Equal([EntryKind.Input, EntryKind.Model, EntryKind.Intent], seen);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Write_whose_answer_is_lost_is_not_written_twice(int write)
    {
        var lost = new LostAnswer();
        var worker = Worker(lost, Calls(("echo", new { text = "a" })), Calls(("post", new { text = "b" })), Says("Done."));
        var run = await worker.StartAsync();
        lost.Lose(write);

        var ended = await worker.FinishAsync(run);
        var (_, entries) = await worker.LoadAsync(run);

        Assert.True(lost.IsLost);
        Assert.Equal((RunStatus.Completed, "Done.", 3, 2), (ended.Status, ended.Output, ended.Usage.ModelCalls, ended.Usage.ToolCalls));
        Assert.Equal(Enumerable.Range(0, entries.Count).Select(number => (long)number), entries.Select(entry => entry.Sequence));
        Assert.Equal(2, _tools.Calls.Count);
    }

    [Fact]
    public async Task Run_that_was_suspended_during_a_longer_step_begins_no_other()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<ChatResponse>());
        var worker = Worker(null, _ => { asked.SetResult(); return answer.Task; }, Says("Done."));
        var run = await worker.StartAsync();
        var driving = worker.AdvanceAsync(run);
        await asked.Task;

        await worker.Control.SuspendAsync(worker.Scope, run.Id, CancellationToken.None);
        _time.Advance(worker.Options.RowKnownFor);
        answer.SetResult(await Calls(("echo", new { text = "a" }))([]));

        Assert.Equal(SliceEnd.Parked, (await driving).End);
        Assert.Empty(_tools.Calls);
    }

    [Fact]
    public async Task What_a_crash_loses_is_done_again_and_nothing_else()
    {
        var held = new HeldTransaction();
        var second = new TaskCompletionSource();
        var dead = Worker(
            held, Calls(("echo", new { text = "a" })), _ => { second.SetResult(); return new TaskCompletionSource<ChatResponse>().Task; });
        var run = await dead.StartAsync();
        held.HoldNext(after: 1);
        _ = dead.AdvanceAsync(run);
        await second.Task;

        // Nothing that it wrote arrived, and nothing does any more.
        var next = new DriverFixture(
            azurite, new ScriptedModels(Calls(("echo", new { text = "a" })), Says("Done.")), _tools, _owner,
            time: new ShiftedTime(dead.Options.Lease + dead.Options.Lease));
        var ended = await next.FinishAsync(run);
        var (_, entries) = await next.LoadAsync(run);

        Assert.Equal("Done.", ended.Output);
        Assert.Equal([EntryKind.Input, EntryKind.Model, EntryKind.Tool, EntryKind.Model], entries.Select(entry => entry.Kind));
        Assert.Single(_tools.Calls.Select(call => call.IdempotencyKey).Distinct());
    }

    private DriverFixture Worker(HttpPipelinePolicy? policy, params Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers) =>
        new(azurite, new ScriptedModels(answers), _tools, _owner, time: _time, policy: policy);

    /// <summary>Counts transactions, and holds one of them back until it is let go.</summary>
    private sealed class HeldTransaction : HttpPipelinePolicy
    {
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _count;
        private int _held = int.MaxValue;

        public int Count => Volatile.Read(ref _count);

        /// <summary>Counts from here on, and holds back the one that comes after <paramref name="after"/> others.</summary>
        public void HoldNext(int after) => (_count, _held) = (0, after + 1);

        public void LetGo() => _go.TrySetResult();

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
            throw new NotSupportedException("Nothing here is synchronous.");

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            if (message.Request.Method != RequestMethod.Get && Interlocked.Increment(ref _count) == Volatile.Read(ref _held))
            {
                await _go.Task.WaitAsync(message.CancellationToken);
            }

            await ProcessNextAsync(message, pipeline);
        }
    }
}
