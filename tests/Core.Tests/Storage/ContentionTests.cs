using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Storage;

namespace Yggdrasil.Tests.Storage;

public sealed class ContentionTests
{
    private readonly FakeTimeProvider _time = new();
    private int _attempts;

    [Fact]
    public async Task First_repetition_comes_at_once() => Assert.Equal(2, await new Contention(_time).RetryAsync(WinAt(2), CancellationToken.None));

    [Fact]
    public async Task Others_come_after_a_pause()
    {
        var retrying = new Contention(_time).RetryAsync(WinAt(3), CancellationToken.None);

        await Poll.UntilAsync(() => _attempts == 2);
        Assert.False(retrying.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(10));

        Assert.Equal(3, await retrying);
    }

    [Fact]
    public async Task Where_all_attempts_are_lost_the_caller_is_told_what_is_contended()
    {
        var retrying = new Contention(_time).RetryAsync("The agent", WinAt(int.MaxValue), CancellationToken.None);
        await LetPassAsync(retrying);

        var conflict = await Assert.ThrowsAsync<ConflictException>(() => retrying);
        Assert.Equal("The agent is being changed by others; try again.", conflict.Message);
        Assert.Equal(Contention.MaxAttempts, _attempts);
    }

    [Fact]
    public async Task Where_no_caller_asked_for_it_storage_is_to_be_asked_again_later()
    {
        var retrying = new Contention(_time).RetryAsync(WinAt(int.MaxValue), CancellationToken.None);
        await LetPassAsync(retrying);

        var failure = await Assert.ThrowsAsync<StorageNotAnsweringException>(() => retrying);
        Assert.True(StorageOutage.Passes(failure));
        Assert.IsType<ContendedException>(failure.InnerException);
    }

    [Fact]
    public async Task Other_failures_are_not_repeated()
    {
        await Assert.ThrowsAsync<ConflictException>(() => new Contention(_time).RetryAsync<int>(
            () =>
            {
                _attempts++;
                throw new ConflictException("The run has ended.");
            },
            CancellationToken.None));

        Assert.Equal(1, _attempts);
    }

    [Fact]
    public async Task Caller_who_goes_away_ends_the_pause()
    {
        using var caller = new CancellationTokenSource();
        var retrying = new Contention(_time).RetryAsync(WinAt(int.MaxValue), caller.Token);
        await Poll.UntilAsync(() => _attempts == 2);

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => retrying);
        Assert.Equal(2, _attempts);
    }

    private Func<Task<int>> WinAt(int attempt) => () => ++_attempts == attempt ? Task.FromResult(attempt) : throw new ContendedException();

    private Task LetPassAsync(Task retrying) => Poll.UntilAsync(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return retrying.IsCompleted;
    });
}
