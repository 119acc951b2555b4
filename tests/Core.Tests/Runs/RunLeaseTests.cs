using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tests.Tools;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Runs;

/// <summary>How a driver stops whose run, lease or storage has gone.</summary>
[Collection(RunsAzurite.Name)]
public sealed class RunLeaseTests(AzuriteFixture azurite)
{
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_that_is_deleted_during_a_model_call_parks_its_driver(bool isSeenAtOnce)
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<ChatResponse>());
        var worker = new DriverFixture(
            azurite, new ScriptedModels(_ => { asked.SetResult(); return answer.Task; }), new TestTools(), _owner);
        var run = await worker.StartAsync();
        var driving = worker.AdvanceAsync(run);
        await asked.Task;
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        await table.DeleteEntityAsync(_owner.Partition, RowKeys.Run(run.Id), ETag.All);

        if (isSeenAtOnce)
        {
            worker.Signals.Publish(run.Id);
        }
        else
        {
            answer.SetResult(ScriptedModels.Response(new TextContent("Done.")));
        }

        Assert.Equal(SliceEnd.Parked, (await driving).End);
        Assert.False((await table.GetEntityIfExistsAsync<TableEntity>(_owner.Partition, RowKeys.Run(run.Id))).HasValue);
    }

    [Fact]
    public async Task Renewal_that_fails_while_the_driver_is_done_is_not_the_drivers_failure()
    {
        var (time, options) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new RunOptions());
        var worker = new DriverFixture(azurite, new ScriptedModels(), new TestTools(), _owner, options, time);
        var run = await worker.StartAsync(run => run with { Epoch = 1, LeaseUntil = run.CreatedAt + options.Lease });
        var (reached, done) = (new TaskCompletionSource(), new TaskCompletionSource());
        worker.Requests.OnRequest = () =>
        {
            reached.TrySetResult();
            done.Task.GetAwaiter().GetResult();
            throw new AggregateException("Retry failed after 4 tries.");
        };
        var lease = new RunLease(worker.Store, run, [], options, time, NullLogger.Instance);
        var renewing = Task.Run(() => time.Advance(options.LeaseRenewal));
        await reached.Task;

        var disposing = lease.DisposeAsync().AsTask();
        done.SetResult();

        await disposing;
        await renewing;
    }

    [Fact]
    public async Task Lease_is_renewed_while_tools_block_more_threads_than_the_pool_can_get_in_its_time()
    {
        const int Blocking = 400;
        var worker = new DriverFixture(azurite, new ScriptedModels(), new TestTools(), _owner);
        var options = new RunOptions();
        var run = await worker.StartAsync(run => run with { Epoch = 1, LeaseUntil = run.CreatedAt + options.Lease });
        await using var services = new ServiceCollection().BuildServiceProvider();
        var executor = new ToolExecutor(services.GetRequiredService<IServiceScopeFactory>(), worker.Time, NullLogger<ToolExecutor>.Instance);
        new TestTools().Catalog(TimeSpan.FromMinutes(10)).TryGet("echo", out var echo);
        using var goOn = new ManualResetEventSlim();
        var tool = echo! with
        {
            InvokeAsync = (_, _, _, _) =>
            {
                goOn.Wait(CancellationToken.None);
                return Task.FromResult("Done.");
            },
        };

        await using var lease = new RunLease(worker.Store, run, [], options, worker.Time, NullLogger.Instance);
        var calls = Enumerable.Range(0, Blocking)
            .Select(_ => executor.ExecuteAsync(tool, new Dictionary<string, JsonElement>(), ToolHost.Context, CancellationToken.None, CancellationToken.None))
            .ToList();
        try
        {
            await Poll.UntilAsync(() => lease.Run.LeaseUntil > run.LeaseUntil || lease.Lost.IsCancellationRequested);
            Assert.True(lease.Run.LeaseUntil > run.LeaseUntil);
        }
        finally
        {
            goOn.Set();
        }

        Assert.All(await Task.WhenAll(calls), result => Assert.Equal(StepStatus.Completed, result.Status));
    }
}
