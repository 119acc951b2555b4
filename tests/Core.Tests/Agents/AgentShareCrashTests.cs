using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Agents;

/// <summary>A share is two rows in two partitions. These tests crash between any two of the requests that change them.</summary>
[Collection(SharedAzurite.Name)]
public sealed class AgentShareCrashTests(AzuriteFixture azurite)
{
    private const string Helper = "helper";

    [Fact]
    public async Task Crash_while_sharing_gives_no_right_to_anybody_else_and_is_healed_by_repeating() =>
        await AtEveryPointAsync(async (app, crashAt) =>
        {
            await app.PutAsync("alice", Helper);

            var through = await app.Crash.DuringAsync(crashAt, () => app.ShareAsync("alice", Helper, "bob"));

            Assert.Equal(through, await app.SeesAsync("bob", app.SharedId("alice", Helper)));
            Assert.False(await app.SeesAsync("eve", app.SharedId("alice", Helper)));
            await app.ShareAsync("alice", Helper, "bob");
            Assert.True(await app.SeesAsync("bob", app.SharedId("alice", Helper)));
            return through;
        });

    [Fact]
    public async Task Crash_while_sharing_can_be_taken_back() =>
        await AtEveryPointAsync(async (app, crashAt) =>
        {
            await app.PutAsync("alice", Helper);

            var through = await app.Crash.DuringAsync(crashAt, () => app.ShareAsync("alice", Helper, "bob"));
            await app.UnshareAsync("alice", Helper, "bob");

            Assert.False(await app.SeesAsync("bob", app.SharedId("alice", Helper)));
            Assert.Empty(await app.RowKeysAsync("bob"));
            return through;
        });

    [Fact]
    public async Task Crash_while_unsharing_leaves_no_right_once_the_owners_row_is_gone() =>
        await AtEveryPointAsync(async (app, crashAt) =>
        {
            await app.PutAsync("alice", Helper);
            await app.ShareAsync("alice", Helper, "bob");

            var through = await app.Crash.DuringAsync(crashAt, () => app.UnshareAsync("alice", Helper, "bob"));
            var given = (await app.RowKeysAsync("alice")).Exists(key => key.EndsWith("!bob", StringComparison.Ordinal));

            Assert.Equal(given, await app.SeesAsync("bob", app.SharedId("alice", Helper)));
            Assert.False(through && given);
            await app.UnshareAsync("alice", Helper, "bob");
            Assert.False(await app.SeesAsync("bob", app.SharedId("alice", Helper)));
            Assert.Empty(await app.RowKeysAsync("bob"));
            return through;
        });

    [Fact]
    public async Task Crash_while_deleting_leaves_no_right_to_the_agent_or_to_its_successor() =>
        await AtEveryPointAsync(async (app, crashAt) =>
        {
            await app.PutAsync("alice", Helper);
            await app.ShareAsync("alice", Helper, "bob");
            await app.ShareAsync("alice", Helper, "carol");

            var through = await app.Crash.DuringAsync(crashAt, () => app.DeleteAsync("alice", Helper));
            var exists = await app.SeesAsync("alice", Helper);

            Assert.Equal(exists, await app.SeesAsync("bob", app.SharedId("alice", Helper)));
            if (!exists)
            {
                await app.PutAsync("alice", Helper);
                Assert.False(await app.SeesAsync("bob", app.SharedId("alice", Helper)));
                Assert.Equal(["assistant"], (await app.Service.ListAsync(app.Scope("bob"), 10, null, CancellationToken.None)).Items.Select(agent => agent.Id));
                await app.ShareAsync("alice", Helper, "bob");
                Assert.True(await app.SeesAsync("bob", app.SharedId("alice", Helper)));
            }

            return through;
        });

    [Fact]
    public async Task Share_that_meets_the_deletion_of_its_agent_gives_no_right_to_its_successor()
    {
        var app = new AgentsFixture(azurite);
        var deleted = await app.PutAsync("alice", Helper);
        await app.DeleteAsync("alice", Helper);

        await app.Shares.ShareAsync(deleted, app.Scope("bob").Owner, CancellationToken.None);
        await app.PutAsync("alice", Helper);

        Assert.False(await app.SeesAsync("bob", app.SharedId("alice", Helper)));
    }

    /// <summary>Runs the scenario with a crash at the first request, then at the second, and so on until it is through.</summary>
    private async Task AtEveryPointAsync(Func<AgentsFixture, int, Task<bool>> scenario)
    {
        const int Enough = 50;
        var crashAt = 0;
        while (!await scenario(new AgentsFixture(azurite), crashAt))
        {
            crashAt++;
            Assert.InRange(crashAt, 1, Enough);
        }

        Assert.InRange(crashAt, 2, Enough);
    }
}
