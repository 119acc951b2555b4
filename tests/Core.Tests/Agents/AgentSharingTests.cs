using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Agents;

[Collection(SharedAzurite.Name)]
public sealed class AgentSharingTests(AzuriteFixture azurite)
{
    private readonly AgentsFixture _app = new(azurite);

    [Fact]
    public async Task Sharee_reads_the_agent_under_its_shared_id()
    {
        var own = await _app.PutAsync("alice", "helper");
        await _app.ShareAsync("alice", "helper", "bob");

        var shared = await _app.Service.GetAsync(_app.Scope("bob"), _app.SharedId("alice", "helper"), new AgentPrecondition(), CancellationToken.None);

        Assert.Equal((_app.SharedId("alice", "helper"), _app.Scope("alice").Owner), (shared.Id, shared.Owner!.Value));
        Assert.Equal((own.Definition.Model, own.Version), (shared.Definition.Model, shared.Version));
        Assert.False(await _app.SeesAsync("eve", shared.Id));
        Assert.False(await _app.SeesAsync("alice", shared.Id));
    }

    [Fact]
    public async Task Replacing_the_agent_keeps_its_shares_and_sharing_keeps_its_version()
    {
        await _app.PutAsync("alice", "helper");
        await _app.ShareAsync("alice", "helper", "bob");
        var replaced = await _app.PutAsync("alice", "helper");
        await _app.ShareAsync("alice", "helper", "carol");
        await _app.UnshareAsync("alice", "helper", "carol");

        var (again, _) = await _app.Service.PutAsync(
            _app.Scope("alice"), "helper", AgentsFixture.Definition, new AgentPrecondition(new VersionCondition(IsAny: false, [replaced.ETag], [])), CancellationToken.None);

        Assert.Equal(3, again.Version);
        Assert.True(await _app.SeesAsync("bob", _app.SharedId("alice", "helper")));
        Assert.False(await _app.SeesAsync("carol", _app.SharedId("alice", "helper")));
    }

    [Fact]
    public async Task Sharing_and_unsharing_may_be_repeated()
    {
        await _app.PutAsync("alice", "helper");
        var id = _app.SharedId("alice", "helper");

        await _app.UnshareAsync("alice", "helper", "bob");
        await _app.ShareAsync("alice", "helper", "bob");
        await _app.ShareAsync("alice", "helper", "bob");
        var shared = await _app.SeesAsync("bob", id);
        await _app.UnshareAsync("alice", "helper", "bob");
        await _app.UnshareAsync("alice", "helper", "bob");

        Assert.True(shared);
        Assert.False(await _app.SeesAsync("bob", id));
        Assert.Empty(await _app.RowKeysAsync("bob"));
    }

    [Fact]
    public async Task Deleted_agent_leaves_no_share_behind_and_its_successor_inherits_none()
    {
        await _app.PutAsync("alice", "helper");
        await _app.PutAsync("alice", "helper2");
        string[] sharees = [.. Enumerable.Range(0, 40).Select(i => $"user{i}")];
        await Task.WhenAll(sharees.Take(20).Select(user => _app.ShareAsync("alice", "helper", user)));
        await Task.WhenAll(sharees.Skip(20).Select(user => _app.ShareAsync("alice", "helper", user)));
        await _app.ShareAsync("alice", "helper2", "user0");

        await _app.DeleteAsync("alice", "helper");
        var rows = await _app.RowKeysAsync("alice");
        await _app.PutAsync("alice", "helper");

        Assert.DoesNotContain(rows, key => key.StartsWith("agent!helper!", StringComparison.Ordinal) || key == "agent!helper");
        Assert.Empty(await _app.RowKeysAsync("user1"));
        Assert.False(await _app.SeesAsync("user0", _app.SharedId("alice", "helper")));
        Assert.True(await _app.SeesAsync("user0", _app.SharedId("alice", "helper2")));
    }

    [Fact]
    public async Task Shared_agent_costs_one_storage_request_more_than_an_own_one()
    {
        await _app.PutAsync("alice", "helper");
        await _app.PutAsync("bob", "own");
        await _app.ShareAsync("alice", "helper", "bob");
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => _app.ShareAsync("alice", "helper", $"user{i}")));
        var worker = new DriverFixture(azurite, new ScriptedModels(), new TestTools(), _app.Scope("bob").Owner);
        var runs = new RunService(
            _app.Service, worker.Store, worker.Lists, worker.ConversationQueue, worker.Callbacks.Rules, worker.Quotas.Companion, worker.RequestDriven, worker.WakeUp,
            worker.Recovery, worker.Backups, worker.Overdue, worker.Scheduler, worker.Options, worker.Time);

        async Task<(int Requests, Run Run)> StartAsync(string agentId)
        {
            var before = _app.Requests.Count;
            var started = await runs.StartAsync(_app.Caller("bob"), agentId, Hello, null, TimeSpan.Zero, CancellationToken.None);
            return (_app.Requests.Count - before, started.Run);
        }

        var own = await StartAsync("own");
        var shared = await StartAsync(_app.SharedId("alice", "helper"));

        Assert.Equal((1, 2), (own.Requests, shared.Requests));
        Assert.Equal((_app.Scope("bob").Owner, _app.SharedId("alice", "helper")), (shared.Run.Caller.Owner, shared.Run.AgentId));
    }

    [Fact]
    public async Task List_pages_through_configured_own_and_shared_agents_once_and_in_order()
    {
        foreach (var id in (string[])["a", "a-b", "b"])
        {
            await _app.PutAsync("bob", id);
            await _app.ShareAsync("bob", id, "alice");
            await _app.PutAsync("alice", id);
            await _app.ShareAsync("alice", id, "bob");
        }

        await _app.PutAsync("carol", "c");
        await _app.ShareAsync("carol", "c", "bob");
        await _app.WriteAsync(AgentShare.CreateIndex(await _app.PutAsync("eve", "forged"), _app.Scope("bob").Owner));
        string[] shared = [_app.SharedId("alice", "a"), _app.SharedId("alice", "a-b"), _app.SharedId("alice", "b"), _app.SharedId("carol", "c")];
        string[] expected = ["assistant", "a", "a-b", "b", .. shared.Order(StringComparer.Ordinal)];

        for (var limit = 1; limit <= expected.Length + 2; limit++)
        {
            var size = limit;
            Assert.Equal(expected, await PagesAsync(after => _app.Service.ListAsync(_app.Scope("bob"), size, after, CancellationToken.None), size));
            Assert.Equal(
                expected.Order(StringComparer.Ordinal),
                await PagesAsync(after => _app.Service.ListByIdAsync(_app.Scope("bob"), size, after, CancellationToken.None), size));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a' or PartitionKey ne '")]
    [InlineData("0123456789abcdef~../a")]
    public async Task What_is_no_id_is_no_cursor_of_the_list_by_id(string after) =>
        await Assert.ThrowsAsync<InvalidRequestException>(() => _app.Service.ListByIdAsync(_app.Scope("bob"), 10, after, CancellationToken.None));

    [Theory]
    [InlineData("")]
    [InlineData("x:a")]
    [InlineData("o:")]
    [InlineData("o:a' or PartitionKey ne '")]
    [InlineData("s:../a")]
    public async Task What_is_no_cursor_of_the_list_is_an_invalid_request(string after) =>
        await Assert.ThrowsAsync<InvalidRequestException>(() => _app.Service.ListAsync(_app.Scope("bob"), 10, after, CancellationToken.None));

    [Fact]
    public async Task Shares_of_an_agent_are_limited_exactly_however_many_requests_meet()
    {
        const int Left = 5;
        var agent = await _app.PutAsync("alice", "helper");
        await _app.ShareAsync("alice", "helper", "first");
        var count = new Azure.Data.Tables.TableEntity(_app.Scope("alice").Owner.Partition, RowKeys.AgentShares("helper"))
        {
            [AgentShare.Incarnation] = agent.Incarnation,
            ["Count"] = AgentShareStore.MaxShares - Left,
        };
        await _app.WriteAsync(count);

        var attempts = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            try
            {
                await _app.ShareAsync("alice", "helper", $"user{i}");
                return true;
            }
            catch (ConflictException)
            {
                return false;
            }
        }));
        await _app.ShareAsync("alice", "helper", "first");
        await _app.UnshareAsync("alice", "helper", "first");
        await _app.ShareAsync("alice", "helper", "another");

        Assert.Equal(Left, attempts.Count(shared => shared));
        await Assert.ThrowsAsync<ConflictException>(() => _app.ShareAsync("alice", "helper", "one-too-many"));
    }

    private static StartRun Hello => new() { Input = [new ChatMessage(ChatRole.User, "Hello")] };

    private static async Task<List<string>> PagesAsync(Func<string?, Task<ListPage<Agent>>> read, int limit)
    {
        List<string> ids = [];
        string? after = null;
        do
        {
            var page = await read(after);
            Assert.InRange(page.Items.Count, 0, limit);
            ids.AddRange(page.Items.Select(agent => agent.Id));
            after = page.Next;
        }
        while (after is not null);
        return ids;
    }
}
