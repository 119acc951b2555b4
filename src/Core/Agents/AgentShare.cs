using Azure.Data.Tables;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Storage;

namespace Yggdrasil.Agents;

/// <summary>The two rows of a share: the owner's, which gives the right, and the sharee's, which leads to it.</summary>
internal static class AgentShare
{
    /// <summary>The property, of agents and shares, that says for which incarnation of an agent a share holds.</summary>
    public const string Incarnation = "Incarnation";

    private const int SchemaVersion = 1;
    private const string Schema = "Schema";
    private const string Tenant = "Tenant";
    private const string User = "User";
    private const string AgentId = "AgentId";

    public static TableEntity Create(Agent agent, Owner sharee) =>
        new(agent.Owner!.Value.Partition, RowKeys.AgentShare(agent.Id, sharee.User))
        {
            [Schema] = SchemaVersion,
            [Incarnation] = agent.Incarnation,
            [Tenant] = sharee.Tenant,
            [User] = sharee.User,
        };

    public static TableEntity CreateIndex(Agent agent, Owner sharee)
    {
        var owner = agent.Owner!.Value;
        return new(sharee.Partition, RowKeys.SharedAgent(Ids.SharedAgent(owner.Partition, agent.Id)))
        {
            [Schema] = SchemaVersion,
            [Incarnation] = agent.Incarnation,
            [Tenant] = owner.Tenant,
            [User] = owner.User,
            [AgentId] = agent.Id,
        };
    }

    /// <summary>Whom an owner's row gives the right; null for a row that is no share.</summary>
    public static Owner? ShareeOf(TableEntity share) => OwnerIn(share);

    /// <summary>Where a sharee's row leads; null where it leads nowhere.</summary>
    public static (Owner Owner, string AgentId)? AgentOf(TableEntity index) =>
        OwnerIn(index) is { } owner && index.GetString(AgentId) is { } agentId ? (owner, agentId) : null;

    private static Owner? OwnerIn(TableEntity row) =>
        row.GetString(Tenant) is { } tenant && row.GetString(User) is { } user ? new Owner(tenant, user) : null;
}
