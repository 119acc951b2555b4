using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Operations.Reprotection;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Tests.Storage.Reprotection;

public sealed class ContentReprotectionTests(ReprotectionFixture app) : IClassFixture<ReprotectionFixture>, IAsyncLifetime
{
    private const int Progress = 4010, Completed = 4011, NothingLeft = 4012, Damaged = 4013, Overtaken = 4015;

    public Task InitializeAsync() => app.EmptyAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task After_a_rotation_everything_reads_without_the_old_key()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 6).Select(number => app.WriteRunAsync(number)));
        var blobs = await app.BlobsAsync(runs[1]);
        var (timer, log) = app.Timer();

        await timer.RunAsync(CancellationToken.None);
        await timer.RunAsync(CancellationToken.None);

        foreach (var run in runs)
        {
            await app.AssertMovedAsync(run);
        }

        Assert.Equal([Completed, NothingLeft], log.EventIds);
        Assert.Equal(blobs, await app.BlobsAsync(runs[1]));
    }

    [Fact]
    public async Task Without_previous_keys_storage_is_not_asked()
    {
        var requests = new Interference(_ => Task.CompletedTask);
        var (timer, log) = app.Timer(policy: requests, protector: app.New);

        await timer.RunAsync(CancellationToken.None);

        Assert.Equal(0, requests.Seen);
        Assert.Empty(log.Entries);
    }

    [Fact]
    public async Task Each_run_takes_its_share_and_the_next_goes_on_behind_it()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(number => app.WriteRunAsync(number)));
        var log = new List<int>();
        for (var run = 0; !log.Contains(NothingLeft); run++)
        {
            // Each on an instance of its own: what is known of the last run is in storage alone.
            var (timer, told) = app.Timer(new ReprotectionOptions { RowsPerRun = 5 });
            await timer.RunAsync(CancellationToken.None);
            log.AddRange(told.EventIds);
        }

        // 12 rows and that of the scan: two runs and a rest, twice; the second time nothing is left.
        Assert.Equal([Progress, Progress, Completed, Progress, Progress, NothingLeft], log);
        foreach (var run in runs)
        {
            await app.AssertMovedAsync(run);
        }
    }

    [Fact]
    public async Task Interrupted_at_any_request_it_loses_nothing_and_is_finished_by_the_next()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 2).Select(number => app.WriteRunAsync(number)));
        var interruptions = 0;
        for (var request = 1; ; request++)
        {
            await app.EmptyScanAsync();
            var failing = new Interference(seen => seen >= request ? throw new ProcessGoneException() : Task.CompletedTask);
            var (timer, _) = app.Timer(policy: failing);
            try
            {
                await timer.RunAsync(CancellationToken.None);
                break;
            }
            catch (ProcessGoneException)
            {
                interruptions++;
                var read = app.Connect(app.Rotated).Runs;
                Assert.All(runs, run => Assert.Equal(
                    run.Output, read.FindAsync(run.Caller.Owner.Partition, run.Id, CancellationToken.None).Result!.Output));
            }
        }

        Assert.InRange(interruptions, 5, 100);
        foreach (var run in runs)
        {
            await app.AssertMovedAsync(run);
        }
    }

    [Fact]
    public async Task Row_that_changes_meanwhile_is_left_as_it_was_changed()
    {
        var run = await app.WriteRunAsync(0);
        var changed = false;
        var interference = new Interference(async (_, message) =>
        {
            if (!changed && IsMergeOf(run, message))
            {
                changed = true;
                var ended = RunEnd.With(run, new JournalEntry { Kind = EntryKind.Model, Turn = 1 }, StopReason.Completed, "the live change", DateTimeOffset.UtcNow).Run;
                Assert.NotNull(await app.Connect(app.Old).Runs.CommitAsync(ended, [], CancellationToken.None));
            }
        });
        var (timer, _) = app.Timer(policy: interference);

        await timer.RunAsync(CancellationToken.None);
        var between = await app.Connect(app.Rotated).Runs.FindAsync(run.Caller.Owner.Partition, run.Id, CancellationToken.None);
        await timer.RunAsync(CancellationToken.None);
        var after = await app.Connect(app.New).Runs.FindAsync(run.Caller.Owner.Partition, run.Id, CancellationToken.None);

        Assert.True(changed);
        Assert.Equal(("the live change", "the live change"), (between!.Output, after!.Output));
    }

    [Fact]
    public async Task Several_instances_at_once_do_no_harm()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => app.WriteRunAsync(number)));
        var instances = Enumerable.Range(0, 4).Select(_ => app.Timer()).ToList();

        await Task.WhenAll(instances.Select(instance => instance.Timer.RunAsync(CancellationToken.None)));
        var (last, log) = app.Timer();
        while (!log.EventIds.Contains(NothingLeft))
        {
            await last.RunAsync(CancellationToken.None);
        }

        foreach (var run in runs)
        {
            await app.AssertMovedAsync(run);
        }

        Assert.DoesNotContain(Damaged, instances.SelectMany(instance => instance.Log.EventIds));
    }

    [Fact]
    public async Task Value_that_no_key_reads_is_left_counted_and_reported()
    {
        var good = await app.WriteRunAsync(1);
        var damaged = await app.WriteRunAsync(0);
        var table = await app.Connect(app.Old).Storage.GetWorkTableAsync(CancellationToken.None);
        var row = (await table.GetEntityAsync<TableEntity>(damaged.Caller.Owner.Partition, $"run!{damaged.Id}")).Value;
        var output = row.GetBinary("Output");
        output[^1] ^= 1;
        await table.UpdateEntityAsync(new TableEntity(row.PartitionKey, row.RowKey) { ["Output"] = output }, ETag.All, TableUpdateMode.Merge);
        var (timer, log) = app.Timer();

        await timer.RunAsync(CancellationToken.None);
        await timer.RunAsync(CancellationToken.None);

        await app.AssertMovedAsync(good);
        Assert.Contains(log.Entries, entry => entry.EventId == Damaged && entry.Level == LogLevel.Critical);
        Assert.DoesNotContain(NothingLeft, log.EventIds);
        Assert.DoesNotContain(ReprotectionFixture.Small, string.Concat(log.Entries.Select(entry => entry.Text)), StringComparison.Ordinal);
        var kept = (await table.GetEntityAsync<TableEntity>(row.PartitionKey, row.RowKey)).Value.GetBinary("Output");
        Assert.Equal(output, kept);
    }

    [Fact]
    public async Task Clean_scan_is_repeated_after_the_rest_and_finds_what_came_late()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var (timer, log) = app.Timer(time: time);
        await timer.RunAsync(CancellationToken.None);
        var late = await app.WriteRunAsync(1);

        await timer.RunAsync(CancellationToken.None);
        time.Advance(TimeSpan.FromHours(24));
        await timer.RunAsync(CancellationToken.None);

        await app.AssertMovedAsync(late);
        Assert.Equal([NothingLeft, Completed], log.EventIds);
    }

    private static bool IsMergeOf(Run run, HttpMessage message) =>
        message.Request.Method.Method is "PATCH" or "MERGE" && Uri.UnescapeDataString(message.Request.Uri.ToString()).Contains($"'run!{run.Id}'", StringComparison.Ordinal);

    /// <summary>Nothing of the instance's requests gets through from here on; none that a client would try again.</summary>
    private sealed class ProcessGoneException : Exception;

    /// <summary>Does something before the table requests of one instance go out.</summary>
    private sealed class Interference(Func<int, HttpMessage, Task> before) : HttpPipelinePolicy
    {
        private int _seen;

        public Interference(Func<int, Task> before)
            : this((seen, _) => before(seen))
        {
        }

        public int Seen => Volatile.Read(ref _seen);

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
            throw new NotSupportedException("Nothing here is synchronous.");

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            await before(Interlocked.Increment(ref _seen), message);
            await ProcessNextAsync(message, pipeline);
        }
    }
}
