using System.Text;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Yggdrasil.Fixtures;
using Yggdrasil.Models;
using Yggdrasil.Models.Cache;
using Yggdrasil.Protection;
using Yggdrasil.Tests.Security;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Providers.Cache;

[Collection(SharedAzurite.Name)]
public sealed class ResponseCacheTableTests(AzuriteFixture azurite) : IDisposable
{
    private readonly string _key = TestKeys.New();
    private readonly List<CacheRig> _rigs = [];

    public void Dispose() => _rigs.ForEach(rig => rig.Dispose());

    [Fact]
    public async Task Second_process_finds_what_the_first_was_told()
    {
        var (first, second) = (Process(), Process());
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());
        await first.AskAsync(model, scope);
        await first.RowsAsync(scope, expected: 1);

        var found = await second.AskAsync(model, scope);
        var again = await second.AskAsync(model, scope);

        Assert.Equal(1, model.Calls);
        Assert.Equal(("answer 1", true), (found.Text, ResponseCache.IsCached(found)));
        Assert.True(ResponseCache.IsCached(again));
    }

    [Fact]
    public async Task Second_process_forgets_when_the_first_would()
    {
        var (first, second) = (Process(), Process());
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());
        await first.AskAsync(model, scope);
        await first.RowsAsync(scope, expected: 1);
        second.Time.Advance(CacheRig.Ttl - TimeSpan.FromMinutes(1));
        Assert.True(ResponseCache.IsCached(await second.AskAsync(model, scope)));
        second.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(ResponseCache.IsCached(await second.AskAsync(model, scope)));
    }

    [Fact]
    public async Task Large_answer_is_kept_whole()
    {
        var (first, second) = (Process(), Process());
        var text = string.Concat(Enumerable.Range(0, 60_000).Select(number => $"{number} "));
        var (model, scope) = (AskedModel.ThatAnswers(_ => new ChatResponse(new ChatMessage(ChatRole.Assistant, text))), CacheRig.NewScope());
        await first.AskAsync(model, scope);
        await first.RowsAsync(scope, expected: 1);
        Assert.Equal(text, (await second.AskAsync(model, scope)).Text);
        Assert.Equal(1, model.Calls);
    }

    [Fact]
    public async Task What_is_stored_shows_nothing_of_question_or_answer()
    {
        var rig = Process();
        var (model, scope) = (AskedModel.ThatAnswers(_ => new ChatResponse(new ChatMessage(ChatRole.Assistant, "canary-in-the-answer"))), CacheRig.NewScope());
        await rig.AskAsync(model, scope, "canary-in-the-question");

        var row = Assert.Single(await rig.RowsAsync(scope, expected: 1));

        Assert.Equal(["ExpiresAt", "Value0", "Version"], row.Keys.Except(["odata.etag", "PartitionKey", "RowKey", "Timestamp"]).Order());
        Assert.All(row, property => Assert.DoesNotContain(
            "canary", property.Value as string ?? Encoding.UTF8.GetString(property.Value as byte[] ?? []), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Answer_moved_to_another_user_is_not_readable()
    {
        var (rig, thief) = (Process(), Process());
        var (model, mine, theirs) = (AskedModel.ThatCounts(), CacheRig.NewScope(), CacheRig.NewScope());
        await rig.AskAsync(model, mine);
        await rig.AskAsync(model, theirs);
        var (source, target) = (Assert.Single(await rig.RowsAsync(mine, 1)), Assert.Single(await rig.RowsAsync(theirs, 1)));
        (source.PartitionKey, source.RowKey) = (target.PartitionKey, target.RowKey);
        await (await rig.Storage.GetCacheTableAsync(CancellationToken.None)).UpsertEntityAsync(source, TableUpdateMode.Replace);

        Assert.Equal("answer 3", (await thief.AskAsync(model, theirs)).Text);
        Assert.Contains(thief.Log.Entries, entry => entry is { Level: LogLevel.Information, EventId: 6101 });
    }

    [Fact]
    public async Task Answer_that_was_changed_is_a_miss_and_is_written_anew()
    {
        var (before, after, later) = (Process(), Process(), Process());
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());
        await before.AskAsync(model, scope);
        var row = Assert.Single(await before.RowsAsync(scope, expected: 1));
        var changed = row.GetBinary("Value0");
        changed[^1] ^= 1;
        row["Value0"] = changed;
        await (await before.Storage.GetCacheTableAsync(CancellationToken.None)).UpsertEntityAsync(row, TableUpdateMode.Replace);

        Assert.Equal("answer 2", (await after.AskAsync(model, scope)).Text);

        Assert.Equal([6101], after.Log.EventIds);
        await Poll.UntilAsync(async () => !(await after.RowsAsync(scope, expected: 1)).Single().GetBinary("Value0").SequenceEqual(changed));

        var found = await later.AskAsync(model, scope);
        Assert.Equal(("answer 2", true), (found.Text, ResponseCache.IsCached(found)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task New_key_begins_a_new_cache_quietly(bool oldKeyIsKept)
    {
        var newKey = TestKeys.New();
        var (before, after, later) = (Process(), Process(newKey, oldKeyIsKept ? [_key] : []), Process(newKey));
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());
        await before.AskAsync(model, scope);
        await before.RowsAsync(scope, expected: 1);

        Assert.Equal("answer 2", (await after.AskAsync(model, scope)).Text);

        await after.RowsAsync(scope, expected: 2);
        Assert.True(ResponseCache.IsCached(await later.AskAsync(model, scope)));
        Assert.Empty(after.Log.Entries);
    }

    [Fact]
    public async Task Name_of_a_row_cannot_be_computed_from_the_request()
    {
        var rig = Process();
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());
        await rig.AskAsync(model, scope);
        var row = Assert.Single(await rig.RowsAsync(scope, expected: 1));

        var key = ResponseCacheKey.Of(scope, [new ModelId("scripted", "one")], [new ChatMessage(ChatRole.User, "Hello")], options: null);
        Assert.NotEqual(key.Hash, row.RowKey);
        Assert.Equal(new ContentProtector(TestKeys.Ring(_key)).NameFor(key.Hash, scope.Partition), row.RowKey);
        Assert.NotEqual(row.RowKey, new ContentProtector(TestKeys.Ring(_key)).NameFor(key.Hash, "dev!other"));
    }

    [Fact]
    public async Task Without_a_key_to_encrypt_with_nothing_is_kept_in_storage()
    {
        var rig = new CacheRig(azurite, key: null);
        _rigs.Add(rig);
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());
        Assert.Equal("answer 1", (await rig.AskAsync(model, scope)).Text);
        await Poll.UntilAsync(() => rig.Log.EventIds.Contains(6103));
        Assert.Empty(await rig.RowsAsync(scope, expected: 0));
    }

    [Fact]
    public async Task Storage_that_fails_stops_nobody()
    {
        var rig = Process();
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());
        await rig.Storage.GetCacheTableAsync(CancellationToken.None);
        rig.Requests.OnRequest = () => throw new RequestFailedException(403, "canary", "AuthorizationFailure", null);

        Assert.Equal("answer 1", (await rig.AskAsync(model, scope)).Text);
        Assert.True(ResponseCache.IsCached(await rig.AskAsync(model, scope)));

        await Poll.UntilAsync(() => rig.Log.EventIds.Contains(6103));
        Assert.Equal([6102, 6103], rig.Log.EventIds);
        Assert.All(rig.Log.Entries, entry => Assert.DoesNotContain("canary", entry.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Purge_removes_what_has_expired_and_nothing_else()
    {
        var rig = Process();
        var (model, old, fresh) = (AskedModel.ThatCounts(), CacheRig.NewScope(), CacheRig.NewScope(TimeSpan.FromHours(1)));
        for (var number = 0; number < 5; number++)
        {
            await rig.AskAsync(model, old, $"Question {number}");
        }

        await rig.AskAsync(model, fresh);
        await rig.RowsAsync(old, expected: 5);
        await rig.RowsAsync(fresh, expected: 1);
        rig.Time.Advance(CacheRig.Ttl);

        Assert.InRange(await rig.Table.PurgeExpiredAsync(CancellationToken.None), 5, int.MaxValue);

        Assert.Empty(await rig.RowsAsync(old, expected: 0));
        Assert.Single(await rig.RowsAsync(fresh, expected: 1));
        Assert.Equal(0, await rig.Table.PurgeExpiredAsync(CancellationToken.None));
        Assert.Contains(6104, rig.Log.EventIds);
    }

    [Fact]
    public async Task Purge_leaves_a_row_that_was_written_anew_meanwhile()
    {
        var rig = Process();
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope(TimeSpan.FromHours(2)));
        await rig.AskAsync(model, scope);
        var row = Assert.Single(await rig.RowsAsync(scope, expected: 1));
        var table = await Process().Storage.GetCacheTableAsync(CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromHours(1));
        await rig.Table.PurgeExpiredAsync(CancellationToken.None);
        rig.Time.Advance(TimeSpan.FromHours(1));
        var requests = 0;
        rig.Requests.OnRequest = () =>
        {
            // The first request finds the row, the second is to delete it.
            if (Interlocked.Increment(ref requests) == 2)
            {
                row["ExpiresAt"] = rig.Time.GetUtcNow().AddHours(1);
                table.UpsertEntity(row, TableUpdateMode.Replace);
            }
        };

        await rig.Table.PurgeExpiredAsync(CancellationToken.None);

        Assert.Single(await rig.RowsAsync(scope, expected: 1));
    }

    private CacheRig Process(string? key = null, params string[] previousKeys)
    {
        var rig = new CacheRig(azurite, key ?? _key, previousKeys);
        _rigs.Add(rig);
        return rig;
    }
}
