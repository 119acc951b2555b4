using Azure;
using Azure.Data.Tables;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>The roles that a run goes on with, against whoever may write to storage, and after an update.</summary>
[Collection(RunsAzurite.Name)]
public sealed class ProtectedRolesTests(AzuriteFixture azurite)
{
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Run_goes_on_with_the_roles_it_was_started_with_whatever_a_plain_column_says()
    {
        var worker = Worker();
        var run = await StartAsync(worker, "reader");
        await ChangeAsync(worker, run, row => row["Roles"] = """["admin"]""");

        var ended = await worker.FinishAsync(run);

        Assert.Equal(RunStatus.Completed, ended.Status);
        Assert.Equal(["reader"], ended.Caller.Roles);
    }

    [Fact]
    public async Task Run_that_the_version_before_started_goes_on_without_roles()
    {
        var worker = Worker();
        var run = await StartAsync(worker, "admin");
        await ChangeAsync(worker, run, row =>
        {
            row.Remove(CallerColumns.Roles);
            row["Roles"] = """["admin"]""";
        });

        var ended = await worker.FinishAsync(run);

        Assert.Equal(RunStatus.Completed, ended.Status);
        Assert.Empty(ended.Caller.Roles);
    }

    [Fact]
    public async Task Run_whose_roles_were_taken_from_another_run_does_not_go_on()
    {
        var worker = Worker();
        var admin = await StartAsync(worker, "admin");
        var run = await StartAsync(worker, "reader");
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        TableEntity source = await table.GetEntityAsync<TableEntity>(_owner.Partition, RowKeys.Run(admin.Id));
        await ChangeAsync(worker, run, row => row[CallerColumns.Roles] = source[CallerColumns.Roles]);

        await Assert.ThrowsAsync<ContentProtectionException>(() => worker.AdvanceAsync(run));
        await worker.Driver.FailAsync(worker.Reference(run), "err_1", CancellationToken.None);

        var ended = await worker.Store.FindHeadAsync(_owner.Partition, run.Id, CancellationToken.None);
        Assert.Equal((RunStatus.Failed, "content_unreadable"), (ended!.Status, ended.Error!.Code));
    }

    private DriverFixture Worker() => new(azurite, new ScriptedModels(Says("Done.")), new TestTools(), _owner);

    private Task<Run> StartAsync(DriverFixture worker, string role) =>
        worker.StartAsync(run => run with { Caller = new Caller(_owner, new HashSet<string> { role }) });

    private async Task ChangeAsync(DriverFixture worker, Run run, Action<TableEntity> change)
    {
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        TableEntity row = await table.GetEntityAsync<TableEntity>(_owner.Partition, RowKeys.Run(run.Id));
        change(row);
        await table.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace);
    }
}
