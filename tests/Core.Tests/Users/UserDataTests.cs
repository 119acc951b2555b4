using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Limits;
using Yggdrasil.Operations.UserData;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using Yggdrasil.Tests.Conversations;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Users;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Users;

/// <summary>Everything of a user, out and away.</summary>
[Collection(SharedAzurite.Name)]
public sealed class UserDataTests(AzuriteFixture azurite)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly ConversationFixture _talk = new(azurite);

    // Blobs have the time of the storage, so this clock begins with it.
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Deletion_leaves_only_what_was_used_today_and_that_goes_with_the_day()
    {
        var worker = Worker();
        var other = new ConversationFixture(azurite);
        var bob = new DriverFixture(azurite, new ScriptedModels(Says("Bob's.")), other.Tools, other.Owner, retention: new RetentionOptions());
        var bobs = await bob.FinishAsync(await bob.StartAsync());
        await FillAsync(worker, bob);
        Assert.NotEmpty(await MentionsAsync());

        Assert.True(await worker.UserData.RemoveAsync(_talk.Owner, Patience, CancellationToken.None));
        var left = await MentionsAsync();
        var rows = await RowsAsync(worker);
        await NextDayAsync(worker);

        Assert.Equal(["Due", "Work"], left);
        Assert.Equal([RowKeys.Quota], rows);
        Assert.Empty(await MentionsAsync());
        Assert.Equal("Bob's.", (await bob.LoadAsync(bobs)).Run.Output);
        Assert.NotNull(await bob.Agents.Store.FindAsync(other.Owner, "bobs", CancellationToken.None));
    }

    [Fact]
    public async Task Run_that_is_being_driven_stops_and_leaves_nothing_behind()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<ChatResponse>());
        var worker = _talk.Worker(_ => { asked.TrySetResult(); return answer.Task; });
        var run = await ConversationFixture.StartAsync(worker);
        var driving = worker.AdvanceAsync(run);
        await asked.Task;

        Assert.True(await worker.UserData.RemoveAsync(_talk.Owner, Patience, CancellationToken.None));
        answer.SetResult(Response(new TextContent("Too late.")));
        await driving;
        var again = await worker.AdvanceAsync(run);

        Assert.Equal(SliceEnd.Missing, again.End);
        Assert.Equal([RowKeys.Quota], await RowsAsync(worker));
        await NextDayAsync(Worker());
        Assert.Equal(["Due"], await MentionsAsync());
    }

    [Fact]
    public async Task Blob_that_a_driver_wrote_too_late_is_gone_two_days_later()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<ChatResponse>());
        var worker = _talk.Worker(new ScriptedModels(_ => { asked.TrySetResult(); return answer.Task; }), _time);
        var driving = worker.AdvanceAsync(await ConversationFixture.StartAsync(worker));
        await asked.Task;
        await worker.UserData.RemoveAsync(_talk.Owner, Patience, CancellationToken.None);
        answer.SetResult(Response(new TextContent(new string('x', 50_000))));
        await driving;
        await NextDayAsync(worker);
        Assert.Equal(["Due", "content"], await MentionsAsync());

        _time.Advance(TimeSpan.FromDays(3));
        await worker.Retention.RunAsync(CancellationToken.None);

        Assert.Empty(await MentionsAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_an_admin_decided_stays(bool disabled)
    {
        var worker = _talk.Worker(Says("Done."));
        var users = new UserStore(worker.Storage);
        await users.DisableAsync(_talk.Owner, "root", DateTimeOffset.UtcNow, CancellationToken.None);
        if (!disabled)
        {
            await users.EnableAsync(_talk.Owner, CancellationToken.None);
        }

        await worker.UserData.RemoveAsync(_talk.Owner, Patience, CancellationToken.None);

        Assert.Equal(disabled, (await users.FindAsync(_talk.Owner, CancellationToken.None)).IsDisabled);
        Assert.Equal(disabled ? ["Users"] : [], await MentionsAsync());
    }

    [Fact]
    public async Task What_was_not_done_in_time_the_timer_completes()
    {
        var worker = Worker();
        await FillAsync(worker, sharer: null);

        var isDone = await worker.UserData.RemoveAsync(_talk.Owner, TimeSpan.Zero, CancellationToken.None);
        var left = await MentionsAsync();
        await worker.Retention.RunAsync(CancellationToken.None);

        Assert.False(isDone);
        Assert.NotEmpty(left);
        Assert.Equal([RowKeys.Quota], await RowsAsync(worker));
        await NextDayAsync(worker);
        Assert.Empty(await MentionsAsync());
    }

    [Fact]
    public async Task Deletion_gives_back_no_budget()
    {
        var limits = new LimitOptions { TokensPerDay = 1 };
        var worker = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), _talk.Tools, _talk.Owner, time: _time);
        await worker.FinishAsync(await worker.StartAsync());
        var used = (await worker.Quotas.Usage.GetAsync(_talk.Scope, 1, CancellationToken.None)).Days[0];
        await worker.UserData.RemoveAsync(_talk.Owner, Patience, CancellationToken.None);
        var limited = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), _talk.Tools, _talk.Owner, time: _time, limits: limits);

        Assert.Equal((15, 1), (used.Tokens, used.Requests));
        Assert.Equal(used, (await limited.Quotas.Usage.GetAsync(_talk.Scope, 1, CancellationToken.None)).Days[0]);
        await Assert.ThrowsAsync<QuotaExceededException>(() => limited.StartAsync());
    }

    [Fact]
    public async Task Export_holds_everything_once_and_decrypted()
    {
        var worker = Worker();
        await FillAsync(worker, sharer: null);

        var items = await worker.Export.ReadAsync(_talk.Scope, CancellationToken.None).ToListAsync();

        Assert.Equal("mine", Assert.Single(items.OfType<ExportItem.OfAgent>()).Agent.Id);
        Assert.Equal("eve", Assert.Single(items.OfType<ExportItem.OfShare>()).User);
        Assert.Equal(2, Assert.Single(items.OfType<ExportItem.OfConversation>()).Conversation.Exchanges);
        Assert.Equal(
            ["Hello", "Big", "Hello", "Big"],
            items.OfType<ExportItem.OfMessage>().Select(item => item.Message.Message.Text is "Hello" ? "Hello" : item.Message.Message.Text[..3]));
        var runs = items.OfType<ExportItem.OfRun>().ToList();
        Assert.Equal(3, runs.Select(item => item.Run.Id).Distinct().Count());
        Assert.All(runs, item => Assert.Equal([EntryKind.Input, EntryKind.Model], item.Steps.Select(step => step.Kind)));
        var usage = Assert.Single(items.OfType<ExportItem.OfUsage>());
        Assert.Equal((3, 30, 3), (usage.Runs, usage.Usage.InputTokens, usage.Usage.ModelCalls));
        Assert.Empty(items.OfType<ExportItem.Unreadable>());
    }

    [Fact]
    public async Task Export_names_what_cannot_be_read_and_goes_on()
    {
        var worker = Worker();
        var damaged = await worker.FinishAsync(await worker.StartAsync());
        await worker.FinishAsync(await worker.StartAsync());
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        await table.UpdateEntityAsync(
            new TableEntity(_talk.Owner.Partition, $"run!{damaged.Id}") { ["Agent"] = new byte[] { 1, 2, 3 } }, Azure.ETag.All);

        var items = await worker.Export.ReadAsync(_talk.Scope, CancellationToken.None).ToListAsync();

        Assert.Equal(("run", damaged.Id), (items.OfType<ExportItem.Unreadable>().Single().Kind, items.OfType<ExportItem.Unreadable>().Single().Id));
        Assert.Single(items.OfType<ExportItem.OfRun>());
    }

    private DriverFixture Worker() => new(
        azurite, new ScriptedModels(Says("Big" + new string('x', 50_000))), _talk.Tools, _talk.Owner, time: _time, retention: new RetentionOptions());

    /// <summary>Until midnight in UTC, and the timer after it.</summary>
    private async Task NextDayAsync(DriverFixture worker)
    {
        _time.Advance(TimeSpan.FromDays(1));
        await worker.Retention.RunAsync(CancellationToken.None);
    }

    private async Task<IReadOnlyList<string>> RowsAsync(DriverFixture worker)
    {
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        return await table.QueryAsync<TableEntity>(row => row.PartitionKey == _talk.Owner.Partition).Select(row => row.RowKey).ToListAsync();
    }

    /// <summary>An agent that is shared, a conversation, a run, and an agent received from another user.</summary>
    private async Task FillAsync(DriverFixture worker, DriverFixture? sharer)
    {
        await ConversationFixture.TurnAsync(worker);
        await ConversationFixture.TurnAsync(worker);
        await worker.FinishAsync(await worker.StartAsync());
        var mine = await worker.Agents.Store.SaveAsync(New(_talk.Owner, "mine"), CancellationToken.None);
        await worker.Agents.Shares.ShareAsync(mine!, new Owner(_talk.Owner.Tenant, "eve"), CancellationToken.None);
        if (sharer is not null)
        {
            var theirs = await sharer.Agents.Store.SaveAsync(New(sharer.Owner, "bobs"), CancellationToken.None);
            await sharer.Agents.Shares.ShareAsync(theirs!, _talk.Owner, CancellationToken.None);
        }

        var cache = await worker.Storage.GetCacheTableAsync(CancellationToken.None);
        await cache.AddEntityAsync(new TableEntity($"{_talk.Owner.Partition}!00", "answer"));
    }

    private static Agent New(Owner owner, string id) => new(
        id, new AgentDefinition { Model = "scripted:one" }, 1, owner, AgentSource.User, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow, default)
    {
        Incarnation = Ids.NewUnique(),
    };

    /// <summary>Where in the account the user's id still is, in a key or in a value: a table or a container, each once.</summary>
    private async Task<IReadOnlyList<string>> MentionsAsync()
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var tables = new TableServiceClient(azurite.ConnectionString);
        await foreach (var table in tables.QueryAsync())
        {
            await foreach (var row in tables.GetTableClient(table.Name).QueryAsync<TableEntity>())
            {
                if (row.Values().Any(value => value.Contains(_talk.Owner.User, StringComparison.Ordinal)))
                {
                    found.Add(table.Name);
                }
            }
        }

        var blobs = new BlobServiceClient(azurite.ConnectionString);
        await foreach (var container in blobs.GetBlobContainersAsync())
        {
            await foreach (var blob in blobs.GetBlobContainerClient(container.Name).GetBlobsAsync())
            {
                if (blob.Name.Contains(_talk.Owner.User, StringComparison.Ordinal))
                {
                    found.Add(container.Name);
                }
            }
        }

        return [.. found];
    }
}

internal static class RowText
{
    public static IEnumerable<string> Values(this TableEntity row) =>
        row.Select(property => property.Value?.ToString() ?? "");
}
