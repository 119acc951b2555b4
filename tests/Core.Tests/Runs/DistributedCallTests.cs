using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>Calls that are activities of their own, beside each other and beside whoever holds the lease.</summary>
[Collection(RunsAzurite.Name)]
public sealed class DistributedCallTests(AzuriteFixture azurite)
{
    private readonly TestTools _tools = new();
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Distributed_calls_side_by_side_record_one_result_each_however_often_delivered()
    {
        var worker = Worker(Calls(("far", new { text = "a" }), ("far", new { text = "b" }), ("far", new { text = "c" })), Says("Done."));
        var run = await worker.StartAsync();
        var outcome = await worker.AdvanceAsync(run);

        await Task.WhenAll(outcome.CallIds!.Concat(outcome.CallIds!).Select(call => worker.Driver.RunToolAsync(worker.Reference(run), call, CancellationToken.None)));
        var ended = await worker.FinishAsync(run);
        var (_, entries) = await worker.LoadAsync(run);

        Assert.Equal(["t1c0", "t1c1", "t1c2"], entries.Where(entry => entry.Kind == EntryKind.Tool).Select(entry => entry.CallId).Order());
        Assert.Equal(("Done.", 3), (ended.Output, ended.Usage.ToolCalls));
    }

    [Fact]
    public async Task Late_result_of_a_distributed_call_waits_for_the_lease_and_loses_nothing()
    {
        var answer = new TaskCompletionSource<string>();
        var asked = new TaskCompletionSource<ChatResponse>();
        var worker = Worker(Calls(("far", new { text = "a" }), ("echo", new { text = "b" })), _ => asked.Task);
        _tools.Behave = (text, _) => text == "b" ? Task.FromResult("b") : answer.Task;
        var run = await worker.StartAsync();
        var outcome = await worker.AdvanceAsync(run);
        var late = worker.Driver.RunToolAsync(worker.Reference(run), Assert.Single(outcome.CallIds!), CancellationToken.None);
        await Poll.UntilAsync(() => _tools.Calls.Count == 2);

        var (held, entries) = await worker.LoadAsync(run);
        var stored = await worker.Store.CommitAsync(
            held with { Epoch = 2, LeaseUntil = DateTimeOffset.UtcNow.AddSeconds(30) }, [], CancellationToken.None);
        await using var lease = new RunLease(worker.Store, stored!, entries, worker.Options, worker.Time, NullLogger.Instance);
        answer.SetResult("a");
        await Task.WhenAny(late, Task.Delay(TimeSpan.FromMilliseconds(500)));
        Assert.False(late.IsCompleted);
        await lease.ReleaseAsync(RunStatus.Running, driver: null, CancellationToken.None);
        await late;
        asked.SetResult(Response(new TextContent("Done.")));

        var ended = await worker.FinishAsync(run);
        (_, entries) = await worker.LoadAsync(run);
        Assert.Equal(("Done.", 2), (ended.Output, ended.Usage.ToolCalls));
        Assert.Equal(Enumerable.Range(0, entries.Count).Select(i => (long)i), entries.Select(entry => entry.Sequence));
    }

    [Fact]
    public async Task Attempt_beside_another_one_that_goes_on_reads_the_journal_once_and_then_its_end()
    {
        var (called, answer) = (new TaskCompletionSource(), new TaskCompletionSource<string>());
        _tools.Behave = (_, _) => { called.TrySetResult(); return answer.Task; };
        var worker = Worker(Calls(("distant", new { text = "a" })), Says("Done."));
        worker.Agent = worker.Agent with { Tools = ["distant"] };
        var run = await worker.StartAsync();
        var call = Assert.Single((await worker.AdvanceAsync(run)).CallIds!);
        var first = worker.Driver.RunToolAsync(worker.Reference(run), call, CancellationToken.None);
        await called.Task;
        var queries = new QueryCount();
        var late = new DriverFixture(azurite, new ScriptedModels(Says("Unused.")), _tools, _owner, policy: queries);

        var second = late.Driver.RunToolAsync(late.Reference(run), call, CancellationToken.None);
        await Poll.UntilAsync(() => queries.Rows >= 3);
        Assert.Equal(1, queries.Queries);
        answer.SetResult("a");
        await Task.WhenAll(first, second);

        Assert.Equal(2, queries.Queries);
        Assert.Single(_tools.Calls);
        Assert.Equal("Done.", (await worker.FinishAsync(run)).Output);
    }

    [Fact]
    public async Task Result_that_meets_a_lease_which_does_not_end_is_left_to_its_holder()
    {
        var answer = new TaskCompletionSource<string>();
        _tools.Behave = (_, _) => answer.Task;
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var worker = new DriverFixture(
            azurite, new ScriptedModels(Calls(("far", new { text = "a" })), Says("Done.")), _tools, _owner, new RunOptions { SliceSeconds = 2 }, time);
        var run = await worker.StartAsync();
        var call = Assert.Single((await worker.AdvanceAsync(run)).CallIds!);
        var late = worker.Driver.RunToolAsync(worker.Reference(run), call, CancellationToken.None);
        await Poll.UntilAsync(() => _tools.Calls.Count == 1);
        var (held, _) = await worker.LoadAsync(run);
        await worker.Store.CommitAsync(held with { Epoch = 2, LeaseUntil = time.GetUtcNow().AddHours(1) }, [], CancellationToken.None);

        answer.SetResult("a");
        await Poll.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            return late.IsCompleted;
        });

        Assert.Null(await late);
        Assert.Single(_tools.Calls);
        Assert.DoesNotContain((await worker.LoadAsync(run)).Entries, entry => entry.Kind == EntryKind.Tool);
    }

    private DriverFixture Worker(params Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers) =>
        new(azurite, new ScriptedModels(answers), _tools, _owner);

    /// <summary>Counts the reads of whole journals, and those of single rows.</summary>
    private sealed class QueryCount : HttpPipelineSynchronousPolicy
    {
        private int _queries;
        private int _rows;

        public int Queries => Volatile.Read(ref _queries);

        public int Rows => Volatile.Read(ref _rows);

        public override void OnSendingRequest(HttpMessage message)
        {
            if (message.Request.Method == RequestMethod.Get)
            {
                Interlocked.Increment(ref message.Request.Uri.Path.EndsWith("()", StringComparison.Ordinal) ? ref _queries : ref _rows);
            }
        }
    }
}
