using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Users.ApiKeys;

namespace Yggdrasil.Tests.Users;

[Collection(SharedAzurite.Name)]
public sealed class ApiKeyAuthenticationTests(AzuriteFixture azurite)
{
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly Owner _owner = new("t", $"user{Guid.NewGuid():N}");

    [Fact]
    public async Task Holder_is_the_keys_user_with_its_scope_limits_and_roles()
    {
        var (keys, _) = ApiKeyParts.Instance(azurite, _time);
        var (id, text) = await AddAsync(keys, new ApiKeyDefinition { Name = "k", CanRun = false, Agents = ["a"], RequestsPerMinute = 3, TokensPerDay = 5 }, ["reader"]);

        var caller = await keys.Authentication.AuthenticateAsync($"Bearer {text}", CancellationToken.None);

        Assert.Equal((_owner, id, 3, 5L), (caller.Owner, caller.Key!.Id, caller.Key.RequestsPerMinute, caller.Key.TokensPerDay));
        Assert.False(caller.Key.Scope!.CanRun);
        Assert.Equal(["a"], caller.Key.Scope.Agents!);
        Assert.Equal(["reader"], caller.Roles);
    }

    [Fact]
    public async Task Revoked_key_lets_nobody_in_at_once_here_and_within_10_seconds_on_other_instances()
    {
        var (here, _) = ApiKeyParts.Instance(azurite, _time);
        var (there, _) = ApiKeyParts.Instance(azurite, _time);
        var (id, text) = await AddAsync(here);
        await here.Authentication.AuthenticateAsync($"Bearer {text}", CancellationToken.None);
        var known = await there.Authentication.AuthenticateAsync($"Bearer {text}", CancellationToken.None);

        Assert.True(await here.Store.RemoveAsync(_owner.Partition, id, CancellationToken.None));
        here.Authentication.Forget(id);

        await RefusedAsync(here, text);
        _time.Advance(Promise);
        await RefusedAsync(there, text);
        Assert.False(await there.Authentication.IsValidAsync(known.Key!, CancellationToken.None));
    }

    [Fact]
    public async Task Expired_key_is_named_to_its_holder_and_to_nobody_else()
    {
        var (keys, _) = ApiKeyParts.Instance(azurite, _time);
        var (id, text) = await AddAsync(keys, new ApiKeyDefinition { Name = "k", ExpiresAt = _time.GetUtcNow().AddMinutes(1) });
        var caller = await keys.Authentication.AuthenticateAsync($"Bearer {text}", CancellationToken.None);

        _time.Advance(TimeSpan.FromMinutes(1));

        var expired = await Assert.ThrowsAsync<UnauthenticatedException>(
            async () => await keys.Authentication.AuthenticateAsync($"Bearer {text}", CancellationToken.None));
        Assert.Equal("key_expired", expired.Code);
        Assert.Equal("unauthenticated", (await RefusedAsync(keys, WithOtherSecret(text))).Code);
        Assert.False(await keys.Authentication.IsValidAsync(caller.Key!, CancellationToken.None));
        Assert.Equal(id, caller.Key!.Id);
    }

    [Fact]
    public async Task All_that_is_no_key_is_refused_in_the_same_words_and_what_is_malformed_without_a_read()
    {
        var (keys, requests) = ApiKeyParts.Instance(azurite, _time);
        var (id, text) = await AddAsync(keys);
        await keys.Store.RemoveAsync(_owner.Partition, id, CancellationToken.None);
        var before = requests.Count;

        var malformed = await RefusedAsync(keys, text[..^1]);
        await RefusedAsync(keys, "ygk_" + new string('a', 10_000));
        await RefusedAsync(keys, text[..^1] + (text[^1] == '0' ? '1' : '0'));
        await RefusedAsync(keys, $"{text}, Bearer {text}");
        Assert.Equal(before, requests.Count);

        var unknown = await RefusedAsync(keys, ApiKeyText.Create().Text);
        var revoked = await RefusedAsync(keys, text);
        Assert.Equal((malformed.Message, malformed.Code), (unknown.Message, unknown.Code));
        Assert.Equal((malformed.Message, malformed.Code), (revoked.Message, revoked.Code));
    }

    [Fact]
    public async Task Right_id_with_another_secret_is_refused()
    {
        var (keys, _) = ApiKeyParts.Instance(azurite, _time);
        var (_, text) = await AddAsync(keys);

        await RefusedAsync(keys, WithOtherSecret(text));
        Assert.Equal(_owner, (await keys.Authentication.AuthenticateAsync($"bearer  {text}", CancellationToken.None)).Owner);
    }

    [Theory]
    [InlineData("plain JSON")]
    [InlineData("taken from another key")]
    [InlineData("empty")]
    public async Task Row_that_somebody_wrote_into_storage_lets_nobody_in(string forgery)
    {
        var (keys, _) = ApiKeyParts.Instance(azurite, _time);
        var (id, text) = ApiKeyText.Create();
        var (other, _) = await AddAsync(keys);
        var forged = new StoredApiKey(_owner.Tenant, _owner.User, ApiKeyText.HashOf(text), ["admin"], new ApiKeyDefinition { Name = "k" });
        var table = await keys.Storage.GetWorkTableAsync(CancellationToken.None);
        byte[] value = forgery switch
        {
            "plain JSON" => JsonSerializer.SerializeToUtf8Bytes(forged, StoredJson.Options),
            "empty" => [],
            _ => (await table.GetEntityAsync<TableEntity>(other, "apikey")).Value.GetBinary("Key"),
        };
        await table.AddEntityAsync(new TableEntity(id, "apikey") { ["Key"] = value });

        await RefusedAsync(keys, text);
    }

    [Fact]
    public async Task Hundred_requests_with_a_key_cost_one_read_and_one_write_a_minute()
    {
        var (keys, requests) = ApiKeyParts.Instance(azurite, _time);
        var (id, text) = await AddAsync(keys);
        var (first, before) = (_time.GetUtcNow(), requests.Count);

        for (var i = 0; i < 100; i++)
        {
            await keys.Authentication.AuthenticateAsync($"Bearer {text}", CancellationToken.None);
        }

        Assert.Equal(before + 2, requests.Count);
        Assert.Equal(first, (await keys.Store.FindAsync(_owner, id, CancellationToken.None))!.LastUsedAt);
        _time.Advance(TimeSpan.FromMinutes(1));
        await keys.Authentication.AuthenticateAsync($"Bearer {text}", CancellationToken.None);
        Assert.Equal(_time.GetUtcNow(), (await keys.Store.FindAsync(_owner, id, CancellationToken.None))!.LastUsedAt);
    }

    [Fact]
    public async Task Use_that_cannot_be_written_down_refuses_nobody_and_an_outage_lets_nobody_in()
    {
        var outage = new Outage();
        var (keys, _) = ApiKeyParts.Instance(azurite, _time, outage);
        var (_, text) = await AddAsync(keys);

        outage.Refused = RequestMethod.Parse("MERGE").Method;
        Assert.Equal(_owner, (await keys.Authentication.AuthenticateAsync($"Bearer {text}", CancellationToken.None)).Owner);
        outage.Refused = "GET";
        _time.Advance(Promise);

        await Assert.ThrowsAsync<RequestFailedException>(async () => await keys.Authentication.AuthenticateAsync($"Bearer {text}", CancellationToken.None));
    }

    [Fact]
    public async Task Use_of_a_key_that_was_revoked_just_now_does_not_bring_it_back()
    {
        var (keys, _) = ApiKeyParts.Instance(azurite, _time);
        var (id, _) = await AddAsync(keys);
        await keys.Store.RemoveAsync(_owner.Partition, id, CancellationToken.None);

        await keys.Store.NoteUseAsync(_owner, id, _time.GetUtcNow(), CancellationToken.None);

        Assert.Null(await keys.Store.FindAsync(_owner, id, CancellationToken.None));
    }

    [Fact]
    public async Task Nothing_of_a_key_is_readable_in_storage()
    {
        var (keys, _) = ApiKeyParts.Instance(azurite, _time);
        var (id, text) = await AddAsync(keys, new ApiKeyDefinition { Name = "of the trading desk" });
        var table = await keys.Storage.GetWorkTableAsync(CancellationToken.None);

        foreach (var row in (TableEntity[])[await table.GetEntityAsync<TableEntity>(id, "apikey"), await table.GetEntityAsync<TableEntity>(_owner.Partition, $"apikey!{id}")])
        {
            foreach (var (_, value) in row)
            {
                var stored = value is byte[] bytes ? Encoding.Latin1.GetString(bytes) : $"{value}";
                Assert.DoesNotContain("trading", stored, StringComparison.Ordinal);
                Assert.DoesNotContain(text[20..84], stored, StringComparison.Ordinal);
                Assert.DoesNotContain(Convert.ToBase64String(ApiKeyText.HashOf(text)), stored, StringComparison.Ordinal);
            }
        }
    }

    private static string WithOtherSecret(string text)
    {
        var other = text[..20] + RandomNumberGenerator.GetHexString(64, lowercase: true);
        return other + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(other)).AsSpan(0, 4));
    }

    private async Task<(string Id, string Text)> AddAsync(ApiKeyParts keys, ApiKeyDefinition? definition = null, string[]? roles = null)
    {
        var (id, text) = ApiKeyText.Create();
        var key = new ApiKey(id, definition ?? new ApiKeyDefinition { Name = "k" }, _time.GetUtcNow());
        var stored = new StoredApiKey(_owner.Tenant, _owner.User, ApiKeyText.HashOf(text), roles ?? [], key.Definition);
        Assert.True(await keys.Store.AddAsync(key, stored, CancellationToken.None));
        return (id, text);
    }

    private static Task<UnauthenticatedException> RefusedAsync(ApiKeyParts keys, string text) => Assert.ThrowsAsync<UnauthenticatedException>(
        async () => await keys.Authentication.AuthenticateAsync($"Bearer {text}", CancellationToken.None));

    /// <summary>Storage that refuses requests of a verb.</summary>
    private sealed class Outage : HttpPipelineSynchronousPolicy
    {
        public string? Refused { get; set; }

        public override void OnSendingRequest(HttpMessage message)
        {
            if (Refused is { } verb && (message.Request.Method.Method == verb || (verb == "MERGE" && message.Request.Method == RequestMethod.Patch)))
            {
                throw new RequestFailedException(503, "Storage does not answer.");
            }
        }
    }
}
