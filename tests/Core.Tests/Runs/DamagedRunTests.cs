using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Security;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Runs;

/// <summary>What becomes of a run whose stored content somebody changed, moved or made unreadable.</summary>
[Collection(RunsAzurite.Name)]
public sealed class DamagedRunTests(AzuriteFixture azurite)
{
    private const int Alert = 4001;

    private readonly Owner _owner = DriverFixture.NewOwner();
    private readonly RecordedLog<ContentVault> _alerts = new();

    public static TheoryData<string> Damages => new(
        "agent changed", "input changed", "input of another run", "agent in the place of metadata", "blob gone", "blob of another owner",
        "agent missing", "another user", "no envelope at all", "unknown key");

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Damaged_run_is_refused_alerted_and_ended(string damage)
    {
        var app = App();
        var run = await app.StartAsync();
        await DamageAsync(app, run, damage);

        var failure = await Assert.ThrowsAsync<ContentProtectionException>(() => app.AdvanceAsync(run));
        var end = await app.Driver.FailAsync(app.Reference(run), "err_1", CancellationToken.None);
        var again = await app.Driver.FailAsync(app.Reference(run), "err_1", CancellationToken.None);

        var row = await RowAsync(app, run);
        Assert.Equal((SliceEnd.Finished, SliceEnd.Finished), (end.End, again.End));
        Assert.Equal(("Failed", "InternalError", "content_unreadable"), (row.GetString("Status"), row.GetString("StopReason"), row.GetString("ErrorCode")));
        Assert.Contains(_alerts.Entries, entry => entry is { EventId: Alert, Level: LogLevel.Critical } && entry.Text.Contains(run.Id, StringComparison.Ordinal));
        Assert.DoesNotContain("Hello", failure + string.Concat(_alerts.Entries), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_run_that_somebody_drives_is_ended_once_the_lease_is_over()
    {
        var app = App();
        var run = await app.StartAsync(run => run with { LeaseUntil = DateTimeOffset.UtcNow.AddHours(1), Epoch = 1 });
        await DamageAsync(app, run, "agent changed");

        var outcome = await app.Driver.FailAsync(app.Reference(run), "err_1", CancellationToken.None);

        Assert.Equal(SliceEnd.Parked, outcome.End);
        Assert.Equal(run.LeaseUntil, outcome.Until!.Value);
        Assert.Equal("Queued", (await RowAsync(app, run)).GetString("Status"));
    }

    [Fact]
    public async Task Backup_of_an_ended_run_reads_its_row_alone_and_opens_nothing()
    {
        var app = App();
        var run = await app.FinishAsync(await app.StartAsync(run => run with { NextRun = "run_next" }));
        await DamageAsync(app, run, "input changed");
        var before = app.Requests.Count;

        var outcome = await app.Driver.AdvanceAsync(app.Reference(run), Ids.Driver(run.Id, 1), CancellationToken.None);

        Assert.Equal((SliceEnd.Finished, "run_next", 1), (outcome.End, outcome.NextRun, app.Requests.Count - before));
        Assert.Empty(_alerts.Entries);
    }

    [Fact]
    public async Task List_shows_a_damaged_run_without_content_among_the_others()
    {
        var app = App();
        var (first, damaged, last) = (await app.StartAsync(), await app.StartAsync(), await app.StartAsync());
        await DamageAsync(app, damaged, "agent changed");

        var page = await app.Lists.ListAsync(_owner, new RunFilter(), 10, after: null, CancellationToken.None);

        Assert.Equal(new[] { first.Id, damaged.Id, last.Id }.Order(), page.Items.Select(run => run.Id).Order());
        var shown = page.Items.Single(run => run.Id == damaged.Id);
        Assert.Equal((RunStatus.Queued, "content_unreadable", null), (shown.Status, shown.Error?.Code, shown.Output));
        Assert.Empty(shown.Metadata);
        Assert.All(page.Items.Where(run => run != shown), run => Assert.Null(run.Error));
    }

    [Fact]
    public async Task Run_with_a_step_of_a_kind_that_only_a_newer_version_knows_is_ended_as_failed()
    {
        var app = App();
        var run = await app.StartAsync();
        await ChangeAsync(app, $"run!{run.Id}!0000000000", "Kind", "Vision");
        await Assert.ThrowsAsync<ArgumentException>(() => app.AdvanceAsync(run));

        var end = await app.Driver.FailAsync(app.Reference(run), "err_1", CancellationToken.None);

        var ended = (await app.Store.FindAsync(_owner.Partition, run.Id, CancellationToken.None))!;
        Assert.Equal((SliceEnd.Finished, RunStatus.Failed, StopReason.InternalError), (end.End, ended.Status, ended.StopReason));
        Assert.Equal(new RunError("internal_error", "The run could not go on (err_1)."), ended.Error);
        Assert.Empty(_alerts.Entries);
    }

    [Fact]
    public async Task Run_of_a_status_that_only_a_newer_version_knows_goes_on()
    {
        var app = App();
        var run = await app.StartAsync();
        await ChangeAsync(app, $"run!{run.Id}", "Status", "Pondering");

        var shown = Assert.Single((await app.Lists.ListAsync(_owner, new RunFilter(), 10, after: null, CancellationToken.None)).Items);
        var ended = await app.FinishAsync(run);

        Assert.Equal((RunStatus.Running, RunStatus.Completed), (shown.Status, ended.Status));
    }

    [Fact]
    public async Task Run_whose_end_only_a_newer_version_knows_counts_as_failed_and_is_not_driven_again()
    {
        var app = App();
        var run = await app.FinishAsync(await app.StartAsync());
        await ChangeAsync(app, $"run!{run.Id}", "Status", "Archived");
        await ChangeAsync(app, $"run!{run.Id}", "StopReason", "TooDear");
        await ChangeAsync(app, $"run!{run.Id}!0000000001", "Status", "Shortened");

        var outcome = await app.AdvanceAsync(run);

        var (shown, entries) = await app.LoadAsync(run);
        Assert.Equal((SliceEnd.Finished, RunStatus.Failed, null), (outcome.End, shown.Status, shown.StopReason));
        Assert.Equal((run.Epoch, StepStatus.Unknown), (shown.Epoch, entries[1].Status));
        Assert.True(await app.Store.IsToStopAsync(_owner.Partition, run.Id, CancellationToken.None));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Outage_while_a_failure_is_recorded_leaves_the_run_to_the_next_attempt(bool isUsedUp)
    {
        var app = App();
        var run = await app.StartAsync();
        app.Requests.OnRequest = () => throw (isUsedUp
            ? new AggregateException(new RequestFailedException("Refused."), new RequestFailedException("Refused."))
            : new RequestFailedException(403, "Refused."));

        await Assert.ThrowsAnyAsync<Exception>(() => app.Driver.FailAsync(app.Reference(run), "err_1", CancellationToken.None));
        app.Requests.OnRequest = () => { };

        Assert.Equal("Queued", (await RowAsync(app, run)).GetString("Status"));
        await app.Driver.FailAsync(app.Reference(run), "err_2", CancellationToken.None);
        Assert.Equal("internal_error", (await RowAsync(app, run)).GetString("ErrorCode"));
    }

    private DriverFixture App() => new(azurite, new ScriptedModels(ScriptedModels.Says("Hi.")), new TestTools(), _owner, alerts: _alerts)
    {
        Agent = new() { Model = "scripted:one", Instructions = new string('x', 100_000) },
    };

    private async Task DamageAsync(DriverFixture app, Run run, string damage)
    {
        var input = $"run!{run.Id}!0000000000";
        switch (damage)
        {
            case "agent changed":
                await ChangeAsync(app, $"run!{run.Id}", "Agent", stored => [.. stored[..^1], (byte)(stored[^1] ^ 1)]);
                break;
            case "input changed":
                await ChangeAsync(app, input, "Content", stored => [.. stored[..^1], (byte)(stored[^1] ^ 1)]);
                break;
            case "input of another run":
                var other = await app.StartAsync();
                var foreign = await RowAsync(app, $"run!{other.Id}!0000000000");
                await ChangeAsync(app, input, "Content", _ => foreign.GetBinary("Content"));
                break;
            case "agent in the place of metadata":
                var row = await RowAsync(app, run);
                await ChangeAsync(app, $"run!{run.Id}", "Metadata", _ => row.GetBinary("Agent"));
                break;
            case "blob gone":
                var container = await app.Storage.GetContentContainerAsync(CancellationToken.None);
                await foreach (var blob in container.GetBlobsAsync(default, default, $"{_owner.Partition}/", CancellationToken.None))
                {
                    await container.DeleteBlobAsync(blob.Name);
                }

                break;
            case "blob of another owner":
                await ChangeAsync(app, $"run!{run.Id}", "Agent", _ => [2, .. "dev!bob/x"u8]);
                break;
            case "agent missing":
                var whole = await RowAsync(app, run);
                whole.Remove("Agent");
                await ReplaceAsync(app, whole);
                break;
            case "another user":
                var table = await app.Storage.GetWorkTableAsync(CancellationToken.None);
                await table.UpdateEntityAsync(
                    new TableEntity(_owner.Partition, $"run!{run.Id}") { ["User"] = "mallory" }, ETag.All, TableUpdateMode.Merge);
                break;
            case "no envelope at all":
                await ChangeAsync(app, input, "Content", _ => [0, 1, 2]);
                break;
            case "unknown key":
                var unknown = new ContentProtector(TestKeys.Ring(TestKeys.New()));
                await ChangeAsync(app, input, "Content", _ => unknown.Protect("[]"u8, new("Work", _owner.Partition, input, "Content")));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(damage), damage, "There is no such damage.");
        }
    }

    private async Task ChangeAsync(DriverFixture app, string key, string property, Func<byte[], byte[]> change)
    {
        var row = await RowAsync(app, key);
        row[property] = change(row.GetBinary(property));
        await ReplaceAsync(app, row);
    }

    private async Task ChangeAsync(DriverFixture app, string key, string property, string value)
    {
        var row = await RowAsync(app, key);
        row[property] = value;
        await ReplaceAsync(app, row);
    }

    private static async Task ReplaceAsync(DriverFixture app, TableEntity row)
    {
        var table = await app.Storage.GetWorkTableAsync(CancellationToken.None);
        await table.UpdateEntityAsync(row, row.ETag, TableUpdateMode.Replace);
    }

    private Task<TableEntity> RowAsync(DriverFixture app, Run run) => RowAsync(app, $"run!{run.Id}");

    private async Task<TableEntity> RowAsync(DriverFixture app, string key)
    {
        var table = await app.Storage.GetWorkTableAsync(CancellationToken.None);
        return (await table.GetEntityAsync<TableEntity>(_owner.Partition, key)).Value;
    }
}
