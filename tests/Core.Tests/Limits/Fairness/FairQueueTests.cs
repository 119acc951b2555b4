using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Limits.Fairness;

namespace Yggdrasil.Tests.Limits.Fairness;

/// <summary>Who gets a slot, who stands in line, who is parked and called; time is the test's.</summary>
public sealed class FairQueueTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _called = [];

    [Fact]
    public async Task One_owner_takes_no_more_than_a_share_and_the_next_one_gets_a_slot_at_once()
    {
        var queue = Queue(new FairQueueRules(20) { PerOwner = 8, WaitingPerOwner = 0 });

        var alices = await EnterAsync(queue, "alice", 100);
        var bobs = await EnterAsync(queue, "bob", 3);

        Assert.Equal((8, 3), (alices.Count(one => one.Slot is not null), bobs.Count(one => one.Slot is not null)));
        Assert.All(alices.Where(one => one.Slot is null), one => Assert.InRange(one.Recheck, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task However_many_owners_take_what_they_can_something_is_left_for_the_next_one()
    {
        var queue = Queue(new FairQueueRules(80) { PerOwner = 40, FreeFactor = 1, WaitingPerOwner = 0 });

        List<int> held = [];
        for (var owner = 0; owner < 7; owner++)
        {
            held.Add((await EnterAsync(queue, $"owner{owner}", 100)).Count(one => one.Slot is not null));
        }

        Assert.Equal([40, 20, 10, 5, 3, 1, 1], held);
    }

    [Fact]
    public async Task Who_is_parked_is_called_when_there_is_a_slot_in_order_and_nobody_overtakes()
    {
        var queue = Queue(new FairQueueRules(10) { PerOwner = 2, WaitingPerOwner = 0 });
        var held = await EnterAsync(queue, "alice", 2);
        await EnterAsync(queue, "alice", 2, "parked");

        await held[0].Slot!.DisposeAsync();
        var late = await queue.EnterAsync("alice", Work("late"), CancellationToken.None);
        Assert.Equal(["parked0"], _called);
        var first = await queue.EnterAsync("alice", Work("parked0"), CancellationToken.None);
        await first.Slot!.DisposeAsync();

        Assert.Null(late.Slot);
        Assert.Equal(["parked0", "parked1"], _called);
    }

    [Fact]
    public async Task Place_of_one_who_was_called_in_vain_goes_to_the_next_after_a_few_seconds()
    {
        var queue = Queue(new FairQueueRules(10) { PerOwner = 1, WaitingPerOwner = 0 });
        var held = await EnterAsync(queue, "alice", 1);
        await EnterAsync(queue, "alice", 2, "parked");
        await held[0].Slot!.DisposeAsync();
        Assert.Equal(["parked0"], _called);

        _time.Advance(TimeSpan.FromSeconds(6));
        var second = await queue.EnterAsync("alice", Work("parked1"), CancellationToken.None);

        Assert.NotNull(second.Slot);
    }

    [Fact]
    public async Task Who_is_parked_here_but_goes_on_elsewhere_does_not_hold_up_the_others()
    {
        var queue = Queue(new FairQueueRules(10) { PerOwner = 1, WaitingPerOwner = 0 });
        var held = await EnterAsync(queue, "alice", 1);
        await EnterAsync(queue, "alice", 50, "elsewhere");

        // Nobody came again when they should have looked.
        _time.Advance(TimeSpan.FromMinutes(2));
        await held[0].Slot!.DisposeAsync();

        Assert.Empty(_called);
        Assert.NotNull((await queue.EnterAsync("alice", Work("here"), CancellationToken.None)).Slot);
    }

    [Fact]
    public async Task Activity_stands_in_line_for_a_moment_and_is_parked_then()
    {
        var queue = Queue(new FairQueueRules(1));
        var held = await EnterAsync(queue, "alice", 1);

        var waiting = queue.EnterAsync("alice", Work("patient", TimeSpan.FromSeconds(1)), CancellationToken.None).AsTask();
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null((await waiting.WaitAsync(Bound)).Slot);
        await held[0].Slot!.DisposeAsync();

        Assert.Equal(["patient"], _called);
    }

    [Fact]
    public async Task Activity_that_gets_a_slot_within_its_patience_is_served_where_it_stands()
    {
        var queue = Queue(new FairQueueRules(1));
        var held = await EnterAsync(queue, "alice", 1);

        var waiting = queue.EnterAsync("bob", Work("patient", TimeSpan.FromSeconds(1)), CancellationToken.None).AsTask();
        await held[0].Slot!.DisposeAsync();

        Assert.NotNull((await waiting.WaitAsync(Bound)).Slot);
        Assert.Empty(_called);
    }

    [Fact]
    public async Task Request_waits_for_as_long_as_it_likes_and_does_not_starve_behind_those_that_are_parked()
    {
        var queue = Queue(new FairQueueRules(1) { WaitingPerOwner = 0 });
        var held = await EnterAsync(queue, "alice", 1);
        await EnterAsync(queue, "alice", 20, "parked");

        var waiting = queue.EnterAsync("bob", work: null, CancellationToken.None).AsTask();
        _time.Advance(TimeSpan.FromMinutes(1));
        await held[0].Slot!.DisposeAsync();

        Assert.NotNull((await waiting.WaitAsync(Bound)).Slot);
    }

    [Fact]
    public async Task Place_that_is_kept_for_a_call_which_is_lost_goes_to_the_request_that_waits()
    {
        var queue = Queue(new FairQueueRules(1) { WaitingPerOwner = 0 });
        var held = await EnterAsync(queue, "alice", 1);
        await EnterAsync(queue, "bob", 1, "bobs");
        await held[0].Slot!.DisposeAsync();
        Assert.Equal(["bobs0"], _called);

        var waiting = queue.EnterAsync("carol", work: null, CancellationToken.None).AsTask();
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(6));

        Assert.NotNull((await waiting.WaitAsync(Bound)).Slot);
    }

    [Fact]
    public async Task No_more_activities_are_here_than_may_be_whoever_they_belong_to()
    {
        var queue = Queue(new FairQueueRules(100) { Activities = 5 });

        var admissions = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            queue.EnterAsync($"owner{i}", Work($"run{i}"), CancellationToken.None).AsTask()));
        var request = await queue.EnterAsync("carol", work: null, CancellationToken.None);
        await admissions[0].Slot!.DisposeAsync();

        Assert.Equal(5, admissions.Count(one => one.Slot is not null));
        Assert.NotNull(request.Slot);
        Assert.Equal(["run5"], _called);
    }

    [Fact]
    public async Task Requests_at_work_take_at_most_half_of_their_owners_slots()
    {
        var queue = Queue(new FairQueueRules(20) { PerOwner = 8, WaitingPerOwner = 0 });
        var requests = Enumerable.Range(0, 100).Select(_ => queue.Count("alice")).ToList();

        var alices = await EnterAsync(queue, "alice", 10);
        Assert.Equal(4, alices.Count(one => one.Slot is not null));
        foreach (var request in requests)
        {
            await request.DisposeAsync();
        }

        Assert.Equal(4, _called.Count);
        Assert.Equal(8, (await EnterAsync(queue, "bob", 10)).Count(one => one.Slot is not null));
    }

    [Fact]
    public async Task Who_is_held_back_is_not_called_before_the_owner_enters_again()
    {
        var queue = Queue(new FairQueueRules(10));
        queue.HoldBack("alice", Work("one"));
        queue.HoldBack("alice", Work("two"));
        var bob = await queue.EnterAsync("bob", Work("bobs"), CancellationToken.None);
        await bob.Slot!.DisposeAsync();
        Assert.Empty(_called);

        var one = await queue.EnterAsync("alice", Work("one"), CancellationToken.None);

        Assert.NotNull(one.Slot);
        Assert.Equal(["two"], _called);
    }

    [Fact]
    public async Task Line_that_is_full_turns_away()
    {
        var queue = Queue(new FairQueueRules(1) { MaxWaiting = 1 });
        await EnterAsync(queue, "alice", 1);
        var waiting = queue.EnterAsync("alice", work: null, CancellationToken.None).AsTask();

        Assert.True((await queue.EnterAsync("bob", work: null, CancellationToken.None)).IsFull);
        Assert.False(waiting.IsCompleted);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_happens_slots_are_neither_lost_nor_given_twice_and_nobody_waits_for_a_free_one(int seed)
    {
        var random = new Random(seed);
        var rules = new FairQueueRules(6) { PerOwner = 4, FreeFactor = 2, Activities = 8, WaitingPerOwner = 1 };
        var queue = Queue(rules);
        List<(string Owner, IAsyncDisposable Slot)> held = [];
        List<(string Owner, Task<Admission> Entering)> waiting = [];
        for (var step = 0; step < 2000; step++)
        {
            var owner = $"owner{random.Next(5)}";
            switch (random.Next(4))
            {
                case 0 when held.Count > 0:
                    var leaving = held[random.Next(held.Count)];
                    held.Remove(leaving);
                    await leaving.Slot.DisposeAsync();
                    break;
                case 1:
                    _time.Advance(TimeSpan.FromSeconds(random.Next(8)));
                    break;
                default:
                    var work = random.Next(4) == 0 ? null : Work($"{owner}-{random.Next(30)}", TimeSpan.FromSeconds(random.Next(3)));
                    waiting.Add((owner, queue.EnterAsync(owner, work, CancellationToken.None).AsTask()));
                    break;
            }

            // Continuations of those that were just served may be on their way.
            await Task.WhenAny(Task.WhenAll(waiting.Select(one => one.Entering)), Task.Yield().ToTask());
            foreach (var (who, entering) in waiting.Where(one => one.Entering.IsCompleted).ToList())
            {
                waiting.Remove((who, entering));
                if ((await entering).Slot is { } slot)
                {
                    held.Add((who, slot));
                }
            }

            Assert.InRange(held.Count, 0, rules.Slots);
            Assert.All(held.CountBy(one => one.Owner), count => Assert.InRange(count.Value, 1, rules.PerOwner));
        }

        // All leave, and calls that nobody answers are forgotten: then all slots are there.
        while (held.Count > 0 || waiting.Count > 0)
        {
            foreach (var (_, slot) in held)
            {
                await slot.DisposeAsync();
            }

            held.Clear();
            _time.Advance(TimeSpan.FromSeconds(10));
            foreach (var (who, entering) in waiting.ToList())
            {
                if (await Task.WhenAny(entering, Task.Delay(20)) == entering)
                {
                    waiting.Remove((who, entering));
                    held.AddRange((await entering).Slot is { } slot ? [(who, slot)] : []);
                }
            }
        }

        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(4, (await EnterAsync(queue, "last", 4)).Count(one => one.Slot is not null));
        Assert.Equal(2, (await EnterAsync(queue, "and another", 2)).Count(one => one.Slot is not null));
    }

    private FairQueue Queue(FairQueueRules rules) => new(rules, _time, NullLogger<FairQueue>.Instance);

    private ActivityWork Work(string key, TimeSpan patience = default) => new(
        key,
        _ =>
        {
            lock (_called)
            {
                _called.Add(key);
            }

            return Task.CompletedTask;
        },
        patience);

    private async Task<List<Admission>> EnterAsync(FairQueue queue, string owner, int count, string? key = null)
    {
        List<Admission> admissions = [];
        for (var one = 0; one < count; one++)
        {
            admissions.Add(await queue.EnterAsync(owner, Work($"{key ?? owner}{one}"), CancellationToken.None).AsTask().WaitAsync(Bound));
        }

        return admissions;
    }
}

file static class Yielding
{
    public static async Task ToTask(this System.Runtime.CompilerServices.YieldAwaitable yielding) => await yielding;
}
