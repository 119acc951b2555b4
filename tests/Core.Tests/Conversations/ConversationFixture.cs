using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.AI;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Conversations;

/// <summary>One owner's conversation, driven by as many workers as a test wants.</summary>
internal sealed class ConversationFixture(AzuriteFixture azurite)
{
    public const string Id = "talk-1";

    public Owner Owner { get; } = DriverFixture.NewOwner();

    public TestTools Tools { get; } = new();

    public Scope Scope => AccessPolicy.ScopeOf(new Caller(Owner, new HashSet<string>()), userId: null);

    /// <summary>Another instance of the app over the same storage.</summary>
    public DriverFixture Worker(ScriptedModels models, TimeProvider? time = null) => new(azurite, models, Tools, Owner, time: time);

    public DriverFixture Worker(params Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers) => Worker(new ScriptedModels(answers));

    /// <summary>Starts a run of the conversation.</summary>
    public static Task<Run> StartAsync(DriverFixture worker, OnConflict onConflict = OnConflict.Reject, Func<Run, Run>? change = null) =>
        worker.StartAsync(run => (change ?? (same => same))(run with { ConversationId = Id, OnConflict = onConflict }));

    public static async Task<Run> TurnAsync(DriverFixture worker) => await worker.FinishAsync(await StartAsync(worker));

    public Task<Conversation> GetAsync(DriverFixture worker) => worker.Conversations.GetAsync(Scope, Id, CancellationToken.None);

    public async Task<IReadOnlyList<ConversationMessage>> MessagesAsync(DriverFixture worker, int limit = 100)
    {
        List<ConversationMessage> messages = [];
        string? after = null;
        do
        {
            var page = await worker.Conversations.ListMessagesAsync(Scope, Id, limit, after, CancellationToken.None);
            Assert.InRange(page.Items.Count, 0, limit);
            messages.AddRange(page.Items);
            after = page.Next;
        }
        while (after is not null);

        return messages;
    }

    /// <summary>The row keys of everything the owner has, but what was used: that stays.</summary>
    public async Task<IReadOnlyList<string>> RowKeysAsync(DriverFixture worker)
    {
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        return await table.QueryAsync<Azure.Data.Tables.TableEntity>(
            Azure.Data.Tables.TableClient.CreateQueryFilter($"PartitionKey eq {Owner.Partition}"), select: ["RowKey"])
            .Select(row => row.RowKey)
            .Where(key => key != RowKeys.Quota && !key.StartsWith(RowKeys.UsagePrefix, StringComparison.Ordinal)).ToListAsync();
    }

    public async Task<int> BlobsAsync(DriverFixture worker)
    {
        var container = await worker.Storage.GetContentContainerAsync(CancellationToken.None);
        return await container.GetBlobsAsync(BlobTraits.None, BlobStates.None, $"{Owner.Partition}/", CancellationToken.None).CountAsync();
    }
}
