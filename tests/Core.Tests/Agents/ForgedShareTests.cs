using Azure.Data.Tables;
using Yggdrasil.Agents;
using Yggdrasil.Identity;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Agents;

/// <summary>Rows that an attacker, a bug or a restored backup put into storage: none of them gives a right.</summary>
[Collection(SharedAzurite.Name)]
public sealed class ForgedShareTests(AzuriteFixture azurite)
{
    private readonly AgentsFixture _app = new(azurite);

    [Fact]
    public async Task Sharees_row_without_the_owners_is_invisible()
    {
        var agent = await _app.PutAsync("alice", "helper");
        await _app.WriteAsync(AgentShare.CreateIndex(agent, Eve));

        await AssertInvisibleAsync("helper");
    }

    [Fact]
    public async Task Sharees_row_copied_from_one_with_a_share_is_invisible()
    {
        var agent = await _app.PutAsync("alice", "helper");
        await _app.ShareAsync("alice", "helper", "bob");
        await _app.WriteAsync(AgentShare.CreateIndex(agent, Eve));

        await AssertInvisibleAsync("helper");
    }

    [Fact]
    public async Task Sharees_row_that_leads_to_another_agent_than_its_key_says_is_invisible()
    {
        await _app.PutAsync("alice", "helper");
        var trap = await _app.PutAsync("mallory", "trap");
        await _app.ShareAsync("mallory", "trap", "eve");
        var forged = AgentShare.CreateIndex(trap, Eve);
        forged.RowKey = RowKeys.SharedAgent(_app.SharedId("alice", "helper"));
        await _app.WriteAsync(forged);

        Assert.False(await _app.SeesAsync("eve", _app.SharedId("alice", "helper")));
    }

    [Fact]
    public async Task Sharees_row_that_leads_nowhere_is_invisible()
    {
        await _app.PutAsync("alice", "helper");
        await _app.WriteAsync(new TableEntity(Eve.Partition, RowKeys.SharedAgent(_app.SharedId("alice", "helper"))));

        await AssertInvisibleAsync("helper");
    }

    [Fact]
    public async Task Share_of_an_earlier_agent_of_the_same_id_is_invisible()
    {
        var earlier = await _app.PutAsync("alice", "helper");
        await _app.ShareAsync("alice", "helper", "eve");
        await _app.DeleteAsync("alice", "helper");
        await _app.PutAsync("alice", "helper");
        await _app.WriteAsync(AgentShare.Create(earlier, Eve));
        await _app.WriteAsync(AgentShare.CreateIndex(earlier, Eve));

        await AssertInvisibleAsync("helper");
    }

    [Fact]
    public async Task Share_across_tenants_is_invisible_even_with_both_rows()
    {
        var foreign = new AgentsFixture(azurite);
        var agent = await foreign.PutAsync("alice", "helper");
        await _app.WriteAsync(AgentShare.Create(agent, Eve));
        await _app.WriteAsync(AgentShare.CreateIndex(agent, Eve));

        Assert.False(await _app.SeesAsync("eve", foreign.SharedId("alice", "helper")));
        Assert.DoesNotContain(foreign.SharedId("alice", "helper"), await ListAsync("eve"));
    }

    private Owner Eve => _app.Scope("eve").Owner;

    private async Task AssertInvisibleAsync(string agentId)
    {
        Assert.False(await _app.SeesAsync("eve", _app.SharedId("alice", agentId)));
        Assert.DoesNotContain(_app.SharedId("alice", agentId), await ListAsync("eve"));
    }

    private async Task<List<string>> ListAsync(string user) =>
        [.. (await _app.Service.ListAsync(_app.Scope(user), 10, null, CancellationToken.None)).Items.Select(agent => agent.Id)];
}
