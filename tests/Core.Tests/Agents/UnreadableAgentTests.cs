using Microsoft.Extensions.Configuration;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Agents;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Protection;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Security;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Agents;

/// <summary>Agents whose content key is missing.</summary>
[Collection(SharedAzurite.Name)]
public sealed class UnreadableAgentTests(AzuriteFixture azurite)
{
    private readonly Caller _alice = new(DriverFixture.NewOwner(), new HashSet<string>());

    private Scope Scope => AccessPolicy.ScopeOf(_alice, userId: null);

    [Fact]
    public async Task Agent_that_cannot_be_read_hides_no_other_and_can_be_replaced()
    {
        var definition = new AgentDefinition { Model = "scripted:one" };
        await PutAsync(Service(new ContentProtector(TestKeys.Ring(TestKeys.New()))), "lost", definition);
        var agents = Service();
        await PutAsync(agents, "kept", definition);

        var listed = (await agents.ListAsync(Scope, 10, null, CancellationToken.None)).Items;
        var refused = await Assert.ThrowsAsync<ConflictException>(() => agents.RequireToRunAsync(Scope, "lost", CancellationToken.None));
        var found = await agents.GetAsync(Scope, "lost", new AgentPrecondition(), CancellationToken.None);
        await PutAsync(agents, "lost", definition);

        Assert.Equal([("kept", "scripted:one", false), ("lost", "", true)], listed.Select(agent => (agent.Id, agent.Definition.Model, agent.IsUnreadable)));
        Assert.Equal("content_unreadable", refused.Code);
        Assert.True(found.IsUnreadable);
        Assert.False((await agents.RequireToRunAsync(Scope, "lost", CancellationToken.None)).IsUnreadable);
    }

    [Fact]
    public async Task Agent_that_cannot_be_read_can_be_deleted()
    {
        await PutAsync(Service(new ContentProtector(TestKeys.Ring(TestKeys.New()))), "lost", new AgentDefinition { Model = "scripted:one" });
        var agents = Service();

        await agents.DeleteAsync(Scope, "lost", new AgentPrecondition(), CancellationToken.None);

        Assert.Empty((await agents.ListAsync(Scope, 10, null, CancellationToken.None)).Items);
    }

    private async Task PutAsync(AgentService agents, string id, AgentDefinition definition) =>
        await agents.PutAsync(Scope, id, definition, new AgentPrecondition(), CancellationToken.None);

    private AgentService Service(ContentProtector? protector = null)
    {
        var (storage, vault, _) = azurite.Connect(protector);
        var store = new AgentStore(storage, vault, new KnownAgents(TimeProvider.System));
        var validator = new AgentValidator(new ScriptedModels(), new TestTools().Catalog(), new NotificationOptions());
        return new AgentService(
            store, new AgentShareStore(storage, store, TestContention.Retries), new ConfiguredAgents([new SettingsAgents(new ConfigurationBuilder().Build())], validator, TimeProvider.System), validator, TestContention.Retries, TimeProvider.System);
    }
}
