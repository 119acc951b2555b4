using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authentication;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Operations.UserData;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Tests.Users;

[Collection(SharedAzurite.Name)]
public sealed class DisabledUsersTests(AzuriteFixture azurite)
{
    private static readonly TimeSpan Promise = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly Owner _admin = new("t", $"admin{Guid.NewGuid():N}");
    private readonly Owner _user = new("t", $"user{Guid.NewGuid():N}");

    [Fact]
    public async Task Change_is_in_force_at_once_here_and_within_30_seconds_on_other_instances()
    {
        var (here, admin) = Instance();
        var (there, _) = Instance();
        Assert.Equal((false, false), (await ContainsAsync(here), await ContainsAsync(there)));

        await admin.DisableAsync(Admin(), _user.User, CancellationToken.None);
        Assert.True(await ContainsAsync(here));
        _time.Advance(Promise);
        Assert.True(await ContainsAsync(there));

        await admin.EnableAsync(Admin(), _user.User, CancellationToken.None);
        Assert.False(await ContainsAsync(here));
        _time.Advance(Promise);
        Assert.False(await ContainsAsync(there));
    }

    [Fact]
    public async Task Hundred_requests_of_a_user_cost_one_request_to_storage()
    {
        var (storage, _, requests) = azurite.Connect();
        await storage.GetUsersTableAsync(CancellationToken.None);
        var (users, _) = Instance(storage);
        var before = requests.Count;

        for (var i = 0; i < 100; i++)
        {
            Assert.False(await ContainsAsync(users));
        }

        Assert.Equal(before + 1, requests.Count);
    }

    [Fact]
    public async Task Outage_of_storage_lets_nobody_in_and_is_over_with_it()
    {
        var outage = new Outage();
        var (users, admin) = Instance(Connect(outage));
        await admin.DisableAsync(Admin(), _user.User, CancellationToken.None);

        outage.IsOn = true;
        await Assert.ThrowsAsync<RequestFailedException>(() => ContainsAsync(users));
        outage.IsOn = false;

        Assert.True(await ContainsAsync(users));
    }

    [Fact]
    public async Task Same_user_id_in_another_tenant_is_not_meant()
    {
        var (users, admin) = Instance();
        await admin.DisableAsync(Admin(), _user.User, CancellationToken.None);

        Assert.False(await users.ContainsAsync(_user with { Tenant = "other" }, CancellationToken.None));
    }

    [Theory]
    [InlineData("bob", true)]
    [InlineData("BOB", true)]
    [InlineData("t/bob", true)]
    [InlineData("other/bob", false)]
    [InlineData("bobby", false)]
    public async Task Configured_users_are_meant_by_id_or_by_tenant_and_id(string setting, bool disabled)
    {
        var (users, _) = Instance(settings: setting);

        Assert.Equal(disabled, await users.ContainsAsync(new Owner("t", "bob"), CancellationToken.None));
    }

    private async Task<bool> ContainsAsync(DisabledUsers users) => await users.ContainsAsync(_user, CancellationToken.None);

    private Caller Admin() => new(_admin, new HashSet<string> { Caller.AdminRole });

    private StorageClients Connect(Outage outage)
    {
        var options = new TableClientOptions();
        options.AddPolicy(outage, HttpPipelinePosition.PerCall);
        var settings = new Dictionary<string, string?> { [StorageClients.Setting] = azurite.ConnectionString };
        return new StorageClients(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), options);
    }

    private (DisabledUsers Users, UserService Admin) Instance(StorageClients? storage = null, params string[] settings)
    {
        var options = new AuthOptions();
        Array.ForEach(settings, options.DisabledUsers.Add);
        var store = new UserStore(storage ?? azurite.Connect().Storage);
        var known = new KnownUsers(store, _time);
        return (new DisabledUsers(Options.Create(options), known, ApiKeyParts.Instance(azurite, _time).Keys.Authentication), new UserService(
            store, known, new ActivitySlots(new ActivityOptions(), _time, NullLogger<FairQueue>.Instance), _time, NullLogger<UserService>.Instance));
    }

    private sealed class Outage : HttpPipelineSynchronousPolicy
    {
        public bool IsOn { get; set; }

        public override void OnSendingRequest(HttpMessage message)
        {
            if (IsOn)
            {
                throw new RequestFailedException(503, "Storage does not answer.");
            }
        }
    }
}
