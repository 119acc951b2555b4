using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs.Approvals;

/// <summary>Who is led to a call that waits, and who may decide about it.</summary>
[Collection(RunsAzurite.Name)]
public sealed class ApproverTests(AzuriteFixture azurite)
{
    private readonly TestTools _tools = new();
    private readonly Owner _owner = new($"tenant-{Guid.NewGuid():N}", "alice");

    [Theory]
    [InlineData("alice", "", true)]
    [InlineData("bob", "", true)]
    [InlineData("olga", "boss", true)]
    [InlineData("root", "admin", true)]
    [InlineData("eve", "", false)]
    [InlineData("eve", "Boss", false)]
    [InlineData("boss", "", false)]
    [InlineData("Bob", "", false)]
    public async Task Owner_admins_and_approvers_see_the_call_and_decide_and_nobody_else(string user, string role, bool may)
    {
        var worker = Worker();
        var run = await WaitingAsync(worker);
        var caller = new Caller(_owner with { User = user }, role.Length > 0 ? new HashSet<string> { role, "other" } : new HashSet<string>());

        var listed = await worker.Decisions.ListAsync(caller, 10, after: null, CancellationToken.None);
        var decision = DecideAsync(worker, caller, run);

        if (may)
        {
            await decision;
            var item = Assert.Single(listed.Items);
            Assert.Equal((run.Id, "agent", _owner, "t1c0"), (item.RunId, item.AgentId, item.Owner, item.Call.CallId));
            Assert.Empty((await worker.Decisions.ListAsync(caller, 10, after: null, CancellationToken.None)).Items);
            await worker.FinishAsync(run);
            Assert.Equal(user, (await worker.LoadAsync(run)).Entries.Single(entry => entry.Decision is not null).Decision!.By);
        }
        else
        {
            await Assert.ThrowsAsync<NotFoundException>(() => decision);
            Assert.Empty(listed.Items);
        }
    }

    [Theory]
    [InlineData("bob", "")]
    [InlineData("olga", "boss")]
    [InlineData("root", "admin")]
    public async Task Approvers_namesakes_in_another_tenant_find_nothing(string user, string role)
    {
        var worker = Worker();
        var run = await WaitingAsync(worker);
        var caller = new Caller(new Owner("elsewhere", user), new HashSet<string> { role });

        Assert.Empty((await worker.Decisions.ListAsync(caller, 10, after: null, CancellationToken.None)).Items);
        await Assert.ThrowsAsync<NotFoundException>(() => DecideAsync(worker, caller, run));
    }

    [Fact]
    public async Task Row_of_the_index_that_somebody_forged_gives_no_right()
    {
        var worker = Worker();
        var run = await WaitingAsync(worker);
        var eve = new Caller(_owner with { User = "eve" }, new HashSet<string>());
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        TableEntity row = await table.GetEntityAsync<TableEntity>(_owner.Partition, RowKeys.Approval(run.Id, "t1c0"));
        row.PartitionKey = eve.Owner.Partition;
        await table.UpsertEntityAsync(row, TableUpdateMode.Replace);

        Assert.Empty((await worker.Decisions.ListAsync(eve, 10, after: null, CancellationToken.None)).Items);
        await Assert.ThrowsAsync<NotFoundException>(() => DecideAsync(worker, eve, run));
    }

    [Fact]
    public async Task Approvers_are_those_of_the_runs_own_copy_of_its_agent()
    {
        var worker = Worker();
        var run = await WaitingAsync(worker);
        worker.Agent = worker.Agent with { Approvers = [] };

        await DecideAsync(worker, new Caller(_owner with { User = "bob" }, new HashSet<string>()), run);

        Assert.Equal(RunStatus.Completed, (await worker.FinishAsync(run)).Status);
    }

    [Fact]
    public async Task List_goes_on_where_its_page_ended_and_shows_each_call_once()
    {
        var worker = Worker();
        worker.Agent = worker.Agent with { Approvers = ["user:bob", "role:boss"] };
        for (var i = 0; i < 5; i++)
        {
            await WaitingAsync(worker);
        }

        // Led there as a user, in a role and as an admin: still one item a call.
        var bob = new Caller(_owner with { User = "bob" }, new HashSet<string> { "boss", "admin" });
        List<string> seen = [];
        string? after = null;
        do
        {
            var page = await worker.Decisions.ListAsync(bob, 2, after, CancellationToken.None);
            Assert.InRange(page.Items.Count, 1, 2);
            seen.AddRange(page.Items.Select(item => item.RunId));
            after = page.Next;
        }
        while (after is not null);

        Assert.Equal((5, 5), (seen.Count, seen.Distinct().Count()));
        await Assert.ThrowsAsync<InvalidRequestException>(() => worker.Decisions.ListAsync(bob, 2, "run!x", CancellationToken.None));
    }

    [Fact]
    public async Task Entries_that_lead_to_ended_runs_are_removed_and_those_of_runs_about_to_ask_are_not()
    {
        var worker = Worker();
        var run = await WaitingAsync(worker);
        var young = await worker.StartAsync();
        await new ApprovalIndex(worker.Storage, worker.Time).AddAsync(
            young, [new PendingApproval("t1c0", "post", default, "", DateTimeOffset.MaxValue)], CancellationToken.None);
        await worker.Control.CancelAsync(worker.Scope, run.Id, CancellationToken.None);

        Assert.Empty((await worker.Decisions.ListAsync(worker.Scope.Caller, 10, after: null, CancellationToken.None)).Items);

        Assert.Equal(RowKeys.Approval(young.Id, "t1c0"), Assert.Single(await EntriesAsync(worker, _owner.Partition)).RowKey);
    }

    [Fact]
    public async Task Waiting_run_leads_every_decider_to_its_call()
    {
        var worker = Worker();
        var run = await WaitingAsync(worker);

        foreach (var partition in (string[])[_owner.Partition, (_owner with { User = "bob" }).Partition, Owner.RolePartition(_owner.Tenant, "boss"), Owner.RolePartition(_owner.Tenant, "admin")])
        {
            Assert.Equal(RowKeys.Approval(run.Id, "t1c0"), Assert.Single(await EntriesAsync(worker, partition)).RowKey);
        }
    }

    private DriverFixture Worker()
    {
        var worker = new DriverFixture(azurite, new ScriptedModels(
            prompt => prompt.Any(message => message.Role == Microsoft.Extensions.AI.ChatRole.Tool) ? Says("Done.")(prompt) : Calls(("post", new { text = "a" }))(prompt)), _tools, _owner);
        worker.Agent = worker.Agent with { Approvals = ["post"], Approvers = ["user:bob", "role:boss"] };
        return worker;
    }

    private static async Task<Run> WaitingAsync(DriverFixture worker)
    {
        var run = await worker.StartAsync();
        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(run)).End);
        return run;
    }

    private static async Task DecideAsync(DriverFixture worker, Caller caller, Run run)
    {
        var pending = Assert.Single((await worker.LoadAsync(run)).Run.PendingApprovals);
        await worker.Decisions.DecideAsync(
            AccessPolicy.ScopeOf(caller, userId: null), run.Id, pending.CallId, new Decision(ApprovalOutcome.Approve, pending.ArgumentsHash), CancellationToken.None);
    }

    private static async Task<List<TableEntity>> EntriesAsync(DriverFixture worker, string partition)
    {
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        return await table.QueryAsync<TableEntity>(row => row.PartitionKey == partition)
            .Where(row => row.RowKey.StartsWith(RowKeys.ApprovalPrefix, StringComparison.Ordinal)).ToListAsync();
    }
}
