using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Identity;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Batches;

public sealed class BatchSlotsTests
{
    private static readonly Owner Alice = new("t", "alice");
    private static readonly Owner Bob = new("t", "bob");

    private readonly List<string> _served = [];

    [Fact]
    public async Task Ten_of_one_owner_are_not_held_back_by_hundreds_of_another()
    {
        var slots = Slots(new BatchOptions { Concurrency = 1 });
        var first = await slots.EnterAsync(Alice, CancellationToken.None);
        var all = Wait(slots, Alice, 300).Concat(Wait(slots, Bob, 10)).ToList();

        await first.DisposeAsync();
        await Task.WhenAll(all);

        // Fairly: bob's ten are among the first twenty or so.
        Assert.InRange(_served.FindLastIndex(user => user == "bob"), 10, 21);
    }

    [Fact]
    public async Task Weight_gives_an_owner_more_of_the_slots()
    {
        var options = new BatchOptions { Concurrency = 1, Weights = { ["bob"] = 3 } };
        var slots = Slots(options);
        var first = await slots.EnterAsync(Alice, CancellationToken.None);
        var all = Wait(slots, Alice, 40).Concat(Wait(slots, Bob, 40)).ToList();

        await first.DisposeAsync();
        await Task.WhenAll(all);

        Assert.InRange(_served.Take(40).Count(user => user == "bob"), 28, 32);
    }

    [Fact]
    public async Task Owner_who_comes_late_gets_the_next_place_but_no_more_than_a_share()
    {
        var slots = Slots(new BatchOptions { Concurrency = 1 });
        var first = await slots.EnterAsync(Alice, CancellationToken.None);
        var alices = Wait(slots, Alice, 100);
        await first.DisposeAsync();
        await Task.WhenAll(alices);
        var (held, bobs) = (await slots.EnterAsync(Alice, CancellationToken.None), Wait(slots, Bob, 10));
        alices = Wait(slots, Alice, 10);
        _served.Clear();

        await held.DisposeAsync();
        await Task.WhenAll(bobs.Concat(alices));

        Assert.Equal(5, _served.Take(10).Count(user => user == "bob"));
    }

    [Fact]
    public async Task Place_of_one_who_went_away_goes_to_the_next()
    {
        var slots = Slots(new BatchOptions { Concurrency = 1 });
        using var gone = new CancellationTokenSource();
        var first = await slots.EnterAsync(Alice, CancellationToken.None);
        var cancelled = slots.EnterAsync(Bob, gone.Token).AsTask();
        var next = slots.EnterAsync(Bob, CancellationToken.None).AsTask();

        await gone.CancelAsync();
        await first.DisposeAsync();
        await first.DisposeAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        await (await next.WaitAsync(TimeSpan.FromMinutes(2))).DisposeAsync();
        await (await slots.EnterAsync(Alice, CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromMinutes(2))).DisposeAsync();
    }

    [Fact]
    public async Task No_more_are_served_at_a_time_than_there_are_slots()
    {
        var slots = Slots(new BatchOptions { Concurrency = 3 });
        var places = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => slots.EnterAsync(new Owner("t", $"user{i}"), CancellationToken.None).AsTask()));

        var fourth = slots.EnterAsync(Alice, CancellationToken.None).AsTask();
        var fifth = slots.EnterAsync(Bob, CancellationToken.None).AsTask();
        Assert.False(fourth.IsCompleted || fifth.IsCompleted);
        await places[0].DisposeAsync();
        await fourth.WaitAsync(TimeSpan.FromMinutes(2));

        Assert.False(fifth.IsCompleted);
    }

    [Fact]
    public async Task Slices_of_one_owner_are_bounded_those_of_another_are_not_affected_and_the_next_one_is_called()
    {
        var slots = Slots(new BatchOptions());
        List<string> called = [];
        Task<Admission> BeginAsync(Owner owner, string key) => slots.BeginSliceAsync(
            owner, key, _ => { called.Add(key); return Task.CompletedTask; }, CancellationToken.None).AsTask();
        var begun = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => BeginAsync(Alice, $"batch{i}")));

        Assert.All(begun, slice => Assert.NotNull(slice.Slot));
        Assert.Null((await BeginAsync(Alice, "late")).Slot);
        Assert.NotNull((await BeginAsync(Bob, "bobs")).Slot);
        await begun[0].Slot!.DisposeAsync();

        Assert.Equal(["late"], called);
        Assert.NotNull((await BeginAsync(Alice, "late")).Slot);
    }

    private static BatchSlots Slots(BatchOptions options) => new(options, TimeProvider.System, NullLogger<FairQueue>.Instance);

    /// <summary>Listed at once: each is in line before the next one comes.</summary>
    private List<Task> Wait(BatchSlots slots, Owner owner, int count)
    {
        return [.. Enumerable.Range(0, count).Select(async _ =>
        {
            await using (await slots.EnterAsync(owner, CancellationToken.None))
            {
                lock (_served)
                {
                    _served.Add(owner.User);
                }
            }
        })];
    }
}
