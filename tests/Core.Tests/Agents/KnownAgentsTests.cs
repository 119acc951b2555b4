using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Agents;

/// <summary>What starting a run reads of its agent, and how old that may be.</summary>
[Collection(SharedAzurite.Name)]
public sealed class KnownAgentsTests(AzuriteFixture azurite)
{
    private readonly AgentsFixture _here = new(azurite);

    [Fact]
    public async Task Agent_is_read_once_in_two_seconds_to_start_runs_with()
    {
        await _here.PutAsync("alice", "mine");
        await RequireAsync();
        var read = _here.Requests.Count;
        await RequireAsync();
        await RequireAsync();
        var known = _here.Requests.Count;
        _here.Time.Advance(KnownAgents.Lifetime);
        await RequireAsync();

        Assert.Equal((read, read + 1), (known, _here.Requests.Count));
    }

    [Fact]
    public async Task What_was_put_here_is_run_at_once()
    {
        for (var version = 1; version <= 3; version++)
        {
            await _here.PutAsync("alice", "mine");

            Assert.Equal(version, (await RequireAsync()).Version);
        }

        await _here.DeleteAsync("alice", "mine");
        await Assert.ThrowsAsync<NotFoundException>(RequireAsync);
    }

    [Fact]
    public async Task What_was_read_before_a_write_is_not_kept_after_it()
    {
        var known = new KnownAgents(_here.Time);
        var owner = _here.Scope("alice").Owner;
        var old = await _here.PutAsync("alice", "mine");
        var read = new TaskCompletionSource<Agent?>();
        var first = known.FindAsync(owner, "mine", () => read.Task).AsTask();

        var changed = await _here.PutAsync("alice", "mine");
        known.Forget(owner, "mine");
        read.SetResult(old);
        await first;

        Assert.Equal(changed, await known.FindAsync(owner, "mine", () => Task.FromResult<Agent?>(changed)));
    }

    [Fact]
    public async Task Agent_of_one_user_is_not_known_as_another_users()
    {
        await _here.PutAsync("alice", "mine");
        await RequireAsync();

        await Assert.ThrowsAsync<NotFoundException>(
            () => _here.Service.RequireToRunAsync(_here.Scope("bob"), "mine", CancellationToken.None));
    }

    [Fact]
    public async Task Share_that_was_taken_back_ends_at_once()
    {
        await _here.PutAsync("alice", "mine");
        await _here.ShareAsync("alice", "mine", "bob");
        var shared = _here.SharedId("alice", "mine");
        await _here.Service.RequireToRunAsync(_here.Scope("bob"), shared, CancellationToken.None);

        await _here.UnshareAsync("alice", "mine", "bob");

        await Assert.ThrowsAsync<NotFoundException>(() => _here.Service.RequireToRunAsync(_here.Scope("bob"), shared, CancellationToken.None));
    }

    private Task<Agent> RequireAsync() => _here.Service.RequireToRunAsync(_here.Scope("alice"), "mine", CancellationToken.None);
}
