using Yggdrasil.Runs.Quotas;
using Yggdrasil.Storage;

namespace Yggdrasil.Tests.Limits;

public sealed class OwnerLocksTests
{
    private readonly OwnerLocks _locks = new();

    [Fact]
    public async Task One_at_a_time_goes_on_for_an_owner_and_others_are_not_kept()
    {
        var first = await _locks.EnterAsync("alice", CancellationToken.None);
        var second = _locks.EnterAsync("alice", CancellationToken.None);
        using (await _locks.EnterAsync("bob", CancellationToken.None))
        {
            Assert.False(second.IsCompleted);
        }

        first.Dispose();
        var next = await second;
        next.Dispose();
        Assert.Equal(0, _locks.Count);
    }

    [Fact]
    public async Task Who_gives_up_waiting_is_forgotten_and_keeps_nobody()
    {
        var first = await _locks.EnterAsync("alice", CancellationToken.None);
        using var gaveUp = new CancellationTokenSource();
        var second = _locks.EnterAsync("alice", gaveUp.Token);
        var third = _locks.EnterAsync("alice", CancellationToken.None);

        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        first.Dispose();

        var next = await third;
        next.Dispose();
        Assert.Equal(0, _locks.Count);
    }

    [Fact]
    public async Task Request_that_stands_in_line_for_long_is_told_to_come_back_and_keeps_nobody()
    {
        var first = await _locks.EnterAsync("alice", CancellationToken.None);
        var patient = _locks.EnterAsync("alice", CancellationToken.None);

        await Assert.ThrowsAsync<StorageNotAnsweringException>(async () =>
        {
            StoragePatience.Limit();
            await _locks.EnterAsync("alice", CancellationToken.None);
        });

        Assert.False(patient.IsCompleted);
        first.Dispose();
        (await patient).Dispose();
        Assert.Equal(0, _locks.Count);
    }

    [Fact]
    public async Task Turn_that_is_given_back_twice_lets_one_in()
    {
        var first = await _locks.EnterAsync("alice", CancellationToken.None);
        var (second, third) = (_locks.EnterAsync("alice", CancellationToken.None), _locks.EnterAsync("alice", CancellationToken.None));

        first.Dispose();
        first.Dispose();
        var entered = await Task.WhenAny(second, third);
        var held = await entered;

        Assert.False((entered == second ? third : second).IsCompleted);
        held.Dispose();
        var last = await (entered == second ? third : second);
        last.Dispose();
    }
}
