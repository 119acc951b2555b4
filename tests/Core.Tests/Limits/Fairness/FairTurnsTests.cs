using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Limits.Fairness;

namespace Yggdrasil.Tests.Limits.Fairness;

/// <summary>Who gets a place, who stands in line, who is parked and called; time is the test's.</summary>
public sealed class FairTurnsTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _called = [];

    [Fact]
    public async Task One_owner_takes_no_more_than_a_share_and_the_next_one_gets_a_place_at_once()
    {
        var turns = Turns(new TurnRules(20) { PerOwner = 8, WaitingPerOwner = 0 });

        var alices = await EnterAsync(turns, "alice", 100);
        var bobs = await EnterAsync(turns, "bob", 3);

        Assert.Equal((8, 3), (alices.Count(one => one.Turn is not null), bobs.Count(one => one.Turn is not null)));
        Assert.All(alices.Where(one => one.Turn is null), one => Assert.InRange(one.Recheck, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task However_many_owners_take_what_they_can_something_is_left_for_the_next_one()
    {
        var turns = Turns(new TurnRules(80) { PerOwner = 40, FreeFactor = 1, WaitingPerOwner = 0 });

        List<int> held = [];
        for (var owner = 0; owner < 7; owner++)
        {
            held.Add((await EnterAsync(turns, $"owner{owner}", 100)).Count(one => one.Turn is not null));
        }

        Assert.Equal([40, 20, 10, 5, 3, 1, 1], held);
    }

    [Fact]
    public async Task Who_is_parked_is_called_when_there_is_a_place_in_order_and_nobody_overtakes()
    {
        var turns = Turns(new TurnRules(10) { PerOwner = 2, WaitingPerOwner = 0 });
        var held = await EnterAsync(turns, "alice", 2);
        await EnterAsync(turns, "alice", 2, "parked");

        await held[0].Turn!.DisposeAsync();
        var late = await turns.EnterAsync("alice", Work("late"), CancellationToken.None);
        Assert.Equal(["parked0"], _called);
        var first = await turns.EnterAsync("alice", Work("parked0"), CancellationToken.None);
        await first.Turn!.DisposeAsync();

        Assert.Null(late.Turn);
        Assert.Equal(["parked0", "parked1"], _called);
    }

    [Fact]
    public async Task Place_of_one_who_was_called_in_vain_goes_to_the_next_after_a_few_seconds()
    {
        var turns = Turns(new TurnRules(10) { PerOwner = 1, WaitingPerOwner = 0 });
        var held = await EnterAsync(turns, "alice", 1);
        await EnterAsync(turns, "alice", 2, "parked");
        await held[0].Turn!.DisposeAsync();
        Assert.Equal(["parked0"], _called);

        _time.Advance(TimeSpan.FromSeconds(6));
        var second = await turns.EnterAsync("alice", Work("parked1"), CancellationToken.None);

        Assert.NotNull(second.Turn);
    }

    [Fact]
    public async Task Who_is_parked_here_but_goes_on_elsewhere_does_not_hold_up_the_others()
    {
        var turns = Turns(new TurnRules(10) { PerOwner = 1, WaitingPerOwner = 0 });
        var held = await EnterAsync(turns, "alice", 1);
        await EnterAsync(turns, "alice", 50, "elsewhere");

        // Nobody came again when they should have looked.
        _time.Advance(TimeSpan.FromMinutes(2));
        await held[0].Turn!.DisposeAsync();

        Assert.Empty(_called);
        Assert.NotNull((await turns.EnterAsync("alice", Work("here"), CancellationToken.None)).Turn);
    }

    [Fact]
    public async Task Activity_stands_in_line_for_a_moment_and_is_parked_then()
    {
        var turns = Turns(new TurnRules(1));
        var held = await EnterAsync(turns, "alice", 1);

        var waiting = turns.EnterAsync("alice", Work("patient", TimeSpan.FromSeconds(1)), CancellationToken.None).AsTask();
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null((await waiting.WaitAsync(Bound)).Turn);
        await held[0].Turn!.DisposeAsync();

        Assert.Equal(["patient"], _called);
    }

    [Fact]
    public async Task Activity_that_gets_a_place_within_its_patience_is_served_where_it_stands()
    {
        var turns = Turns(new TurnRules(1));
        var held = await EnterAsync(turns, "alice", 1);

        var waiting = turns.EnterAsync("bob", Work("patient", TimeSpan.FromSeconds(1)), CancellationToken.None).AsTask();
        await held[0].Turn!.DisposeAsync();

        Assert.NotNull((await waiting.WaitAsync(Bound)).Turn);
        Assert.Empty(_called);
    }

    [Fact]
    public async Task Request_waits_for_as_long_as_it_likes_and_does_not_starve_behind_those_that_are_parked()
    {
        var turns = Turns(new TurnRules(1) { WaitingPerOwner = 0 });
        var held = await EnterAsync(turns, "alice", 1);
        await EnterAsync(turns, "alice", 20, "parked");

        var waiting = turns.EnterAsync("bob", work: null, CancellationToken.None).AsTask();
        _time.Advance(TimeSpan.FromMinutes(1));
        await held[0].Turn!.DisposeAsync();

        Assert.NotNull((await waiting.WaitAsync(Bound)).Turn);
    }

    [Fact]
    public async Task Place_that_is_kept_for_a_call_which_is_lost_goes_to_the_request_that_waits()
    {
        var turns = Turns(new TurnRules(1) { WaitingPerOwner = 0 });
        var held = await EnterAsync(turns, "alice", 1);
        await EnterAsync(turns, "bob", 1, "bobs");
        await held[0].Turn!.DisposeAsync();
        Assert.Equal(["bobs0"], _called);

        var waiting = turns.EnterAsync("carol", work: null, CancellationToken.None).AsTask();
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(6));

        Assert.NotNull((await waiting.WaitAsync(Bound)).Turn);
    }

    [Fact]
    public async Task No_more_activities_are_here_than_may_be_whoever_they_belong_to()
    {
        var turns = Turns(new TurnRules(100) { Activities = 5 });

        var admissions = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            turns.EnterAsync($"owner{i}", Work($"run{i}"), CancellationToken.None).AsTask()));
        var request = await turns.EnterAsync("carol", work: null, CancellationToken.None);
        await admissions[0].Turn!.DisposeAsync();

        Assert.Equal(5, admissions.Count(one => one.Turn is not null));
        Assert.NotNull(request.Turn);
        Assert.Equal(["run5"], _called);
    }

    [Fact]
    public async Task Requests_at_work_take_at_most_half_of_their_owners_places()
    {
        var turns = Turns(new TurnRules(20) { PerOwner = 8, WaitingPerOwner = 0 });
        var requests = Enumerable.Range(0, 100).Select(_ => turns.Count("alice")).ToList();

        var alices = await EnterAsync(turns, "alice", 10);
        Assert.Equal(4, alices.Count(one => one.Turn is not null));
        foreach (var request in requests)
        {
            await request.DisposeAsync();
        }

        Assert.Equal(4, _called.Count);
        Assert.Equal(8, (await EnterAsync(turns, "bob", 10)).Count(one => one.Turn is not null));
    }

    [Fact]
    public async Task Who_is_held_back_is_not_called_before_the_owner_enters_again()
    {
        var turns = Turns(new TurnRules(10));
        turns.HoldBack("alice", Work("one"));
        turns.HoldBack("alice", Work("two"));
        var bob = await turns.EnterAsync("bob", Work("bobs"), CancellationToken.None);
        await bob.Turn!.DisposeAsync();
        Assert.Empty(_called);

        var one = await turns.EnterAsync("alice", Work("one"), CancellationToken.None);

        Assert.NotNull(one.Turn);
        Assert.Equal(["two"], _called);
    }

    [Fact]
    public async Task Line_that_is_full_turns_away()
    {
        var turns = Turns(new TurnRules(1) { MaxWaiting = 1 });
        await EnterAsync(turns, "alice", 1);
        var waiting = turns.EnterAsync("alice", work: null, CancellationToken.None).AsTask();

        Assert.True((await turns.EnterAsync("bob", work: null, CancellationToken.None)).IsFull);
        Assert.False(waiting.IsCompleted);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Whatever_happens_places_are_neither_lost_nor_given_twice_and_nobody_waits_for_a_free_one(int seed)
    {
        var random = new Random(seed);
        var rules = new TurnRules(6) { PerOwner = 4, FreeFactor = 2, Activities = 8, WaitingPerOwner = 1 };
        var turns = Turns(rules);
        List<(string Owner, IAsyncDisposable Turn)> held = [];
        List<(string Owner, Task<Admission> Entering)> waiting = [];
        for (var step = 0; step < 2000; step++)
        {
            var owner = $"owner{random.Next(5)}";
            switch (random.Next(4))
            {
                case 0 when held.Count > 0:
                    var leaving = held[random.Next(held.Count)];
                    held.Remove(leaving);
                    await leaving.Turn.DisposeAsync();
                    break;
                case 1:
                    _time.Advance(TimeSpan.FromSeconds(random.Next(8)));
                    break;
                default:
                    var work = random.Next(4) == 0 ? null : Work($"{owner}-{random.Next(30)}", TimeSpan.FromSeconds(random.Next(3)));
                    waiting.Add((owner, turns.EnterAsync(owner, work, CancellationToken.None).AsTask()));
                    break;
            }

            // Continuations of those that were just served may be on their way.
            await Task.WhenAny(Task.WhenAll(waiting.Select(one => one.Entering)), Task.Yield().ToTask());
            foreach (var (who, entering) in waiting.Where(one => one.Entering.IsCompleted).ToList())
            {
                waiting.Remove((who, entering));
                if ((await entering).Turn is { } turn)
                {
                    held.Add((who, turn));
                }
            }

            Assert.InRange(held.Count, 0, rules.Places);
            Assert.All(held.CountBy(one => one.Owner), count => Assert.InRange(count.Value, 1, rules.PerOwner));
        }

        // All leave, and calls that nobody answers are forgotten: then all places are there.
        while (held.Count > 0 || waiting.Count > 0)
        {
            foreach (var (_, turn) in held)
            {
                await turn.DisposeAsync();
            }

            held.Clear();
            _time.Advance(TimeSpan.FromSeconds(10));
            foreach (var (who, entering) in waiting.ToList())
            {
                if (await Task.WhenAny(entering, Task.Delay(20)) == entering)
                {
                    waiting.Remove((who, entering));
                    held.AddRange((await entering).Turn is { } turn ? [(who, turn)] : []);
                }
            }
        }

        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(4, (await EnterAsync(turns, "last", 4)).Count(one => one.Turn is not null));
        Assert.Equal(2, (await EnterAsync(turns, "and another", 2)).Count(one => one.Turn is not null));
    }

    private FairTurns Turns(TurnRules rules) => new(rules, _time, NullLogger<FairTurns>.Instance);

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

    private async Task<List<Admission>> EnterAsync(FairTurns turns, string owner, int count, string? key = null)
    {
        List<Admission> admissions = [];
        for (var one = 0; one < count; one++)
        {
            admissions.Add(await turns.EnterAsync(owner, Work($"{key ?? owner}{one}"), CancellationToken.None).AsTask().WaitAsync(Bound));
        }

        return admissions;
    }
}

file static class Yielding
{
    public static async Task ToTask(this System.Runtime.CompilerServices.YieldAwaitable yielding) => await yielding;
}
