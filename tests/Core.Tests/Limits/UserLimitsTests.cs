using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Identity;
using Yggdrasil.Limits;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Tests.Limits;

[Collection(SharedAzurite.Name)]
public sealed class UserLimitsTests(AzuriteFixture azurite)
{
    private readonly Owner _user = DriverFixture.NewOwner();

    [Fact]
    public async Task Users_own_limits_come_first_then_the_tenants_then_everybodys()
    {
        var options = new LimitOptions { TokensPerDay = 1, CostPerDayUsd = 2, RequestsPerMinute = 3, ConcurrentRuns = 4 };
        options.Tenants[_user.Tenant.ToUpperInvariant()] = new UsageLimits { CostPerDayUsd = 20, RequestsPerMinute = 30 };
        var (limits, store, known) = Connect(options);
        await store.SetLimitsAsync(_user, new UsageLimits { RequestsPerMinute = 300 }, "root", DateTimeOffset.UnixEpoch, CancellationToken.None);

        var own = await limits.FindAsync(_user, CancellationToken.None);
        var other = await limits.FindAsync(_user with { Tenant = "another" }, CancellationToken.None);
        await store.SetLimitsAsync(_user, new UsageLimits(), "root", DateTimeOffset.UnixEpoch, CancellationToken.None);
        known.Forget(_user);
        var takenBack = await limits.FindAsync(_user, CancellationToken.None);

        Assert.Equal(new UsageLimits { TokensPerDay = 1, CostPerDayUsd = 20, RequestsPerMinute = 300, ConcurrentRuns = 4 }, own);
        Assert.Equal(options.Default, other);
        Assert.Equal(30, takenBack.RequestsPerMinute);
    }

    [Theory]
    [InlineData("Helper", "helper")]
    [InlineData("handle~helper", "helper")]
    [InlineData("helpers", null)]
    public async Task Agents_limits_hold_besides_under_whatever_name_it_is_reached(string agentId, string? key)
    {
        var options = new LimitOptions();
        options.Agents["HELPER"] = new UsageLimits { TokensPerDay = 5 };

        var bounds = await Connect(options).Limits.FindAsync(new Caller(_user, new HashSet<string>()), agentId, CancellationToken.None);

        Assert.Equal((key, key is null ? null : 5L), (bounds.AgentKey, bounds.TokensPerDay));
        Assert.Equal(options.Default, bounds.User);
    }

    [Fact]
    public void Smaller_of_two_budgets_counts()
    {
        Assert.Equal(5, new QuotaBounds(new UsageLimits { TokensPerDay = 9 }, "a", new UsageLimits { TokensPerDay = 5 }).TokensPerDay);
        Assert.Equal(9, new QuotaBounds(new UsageLimits { TokensPerDay = 9 }, "a", new UsageLimits()).TokensPerDay);
        Assert.Null(new QuotaBounds(new UsageLimits()).TokensPerDay);
    }

    [Fact]
    public void Limits_out_of_range_are_named_in_full()
    {
        var options = new LimitOptions { ConcurrentRuns = 501, TokensPerDay = -1 };
        options.Tenants["acme"] = new UsageLimits { RequestsPerMinute = 0 };
        options.Agents["a b"] = new UsageLimits { CostPerDayUsd = -0.01m };

        Assert.Equal(
            [
                "Limits__TokensPerDay must be between 0 and 1000000000000.",
                "Limits__ConcurrentRuns must be between 1 and 500.",
                "Limits__Tenants__acme__RequestsPerMinute must be between 1 and 60000.",
                "Limits__Agents__a b__CostPerDayUsd must be between 0 and 1000000.",
                "Limits__Agents__a b names no agent.",
            ],
            options.Problems());
    }

    [Fact]
    public void No_more_agents_have_limits_than_a_row_can_count()
    {
        var options = new LimitOptions();
        for (var i = 0; i < 101; i++)
        {
            options.Agents[$"agent{i}"] = new UsageLimits();
        }

        Assert.Equal(["Limits__Agents may name 100 agents."], options.Problems());
    }

    private (UserLimits Limits, UserStore Store, KnownUsers Known) Connect(LimitOptions options)
    {
        var store = new UserStore(azurite.Connect().Storage);
        var known = new KnownUsers(store, new FakeTimeProvider());
        return (new UserLimits(options, known), store, known);
    }
}
