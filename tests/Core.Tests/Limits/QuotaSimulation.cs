using CsCheck;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Tests.Limits;

/// <summary>What happens to a quota, one thing after the other.</summary>
internal enum QuotaEvent
{
    Start,
    StartWaiting,
    Call,
    GoOn,
    Rest,
    End,
    Crash,
    Replay,
}

/// <param name="Run">Which of a few runs it happens to.</param>
/// <param name="Need">What is reserved for a call.</param>
/// <param name="Share">How much of it the call uses, in percent.</param>
/// <param name="Seconds">That pass before it.</param>
internal readonly record struct QuotaStep(QuotaEvent Event, int Run, QuotaAmount Need, int Share, int Seconds)
{
    public static readonly Gen<QuotaStep[]> Steps = Gen.Select(
        Gen.Frequency((6, Gen.Const(QuotaEvent.Start)), (4, Gen.Const(QuotaEvent.Call)), (3, Gen.Enum<QuotaEvent>())),
        Gen.Int[0, 11],
        Gen.Select(Gen.Long[0, 400], Gen.Int[0, 300], (tokens, cents) => new QuotaAmount(tokens, cents / 100m)),
        Gen.Int[0, 100],
        Gen.Frequency((8, Gen.Int[0, 20]), (2, Gen.Int[0, 1200]), (1, Gen.Int[0, 100_000])),
        (what, run, need, share, seconds) => new QuotaStep(what, run, need, share, seconds)).Array[1, 80];
}

/// <summary>
/// Drives a quota as runs would, each keeping on its row what was accounted for, and counts by itself what the quota has to say.
/// </summary>
internal sealed class QuotaSimulation(QuotaBounds bounds)
{
    private readonly SimulatedRun?[] _runs = new SimulatedRun?[12];
    private int _names;

    public DateTimeOffset Now { get; private set; } = new(2026, 3, 1, 22, 0, 0, TimeSpan.Zero);

    public QuotaState State { get; private set; } = new();

    /// <summary>What the runs say themselves that they have used, of what has been accounted for.</summary>
    public QuotaAmount Accounted { get; private set; }

    /// <summary>When runs were started.</summary>
    public List<DateTimeOffset> Starts { get; } = [];

    /// <summary>What the days say that have ended.</summary>
    public Dictionary<DateOnly, QuotaMeter> Closed { get; } = [];

    public void Do(QuotaStep step)
    {
        Now += TimeSpan.FromSeconds(step.Seconds);
        State = State.At(Now);
        if (State.Closed is var (day, meter))
        {
            Closed.Add(day, meter);
            State = State with { Closed = null };
        }

        // A driver that lives renews its place: whoever has lost it has crashed.
        for (var i = 0; i < _runs.Length; i++)
        {
            _runs[i] = _runs[i] is { IsDriven: true, Id: var id } && State.Find(id) is null ? null : _runs[i];
        }

        var run = _runs[step.Run];
        switch (step.Event)
        {
            case QuotaEvent.Start or QuotaEvent.StartWaiting when run is null:
                Start(step);
                break;
            case QuotaEvent.Call when run?.IsDriven == true:
                Call(run, step);
                break;
            case QuotaEvent.GoOn when run is not null:
                run.IsDriven = Apply(State.Hold(Now, bounds, run.Id));
                break;
            case QuotaEvent.Rest when run is not null:
                Release(run);
                run.IsDriven = false;
                break;
            case QuotaEvent.End when run is not null:
                Release(run);
                _runs[step.Run] = null;
                break;
            case QuotaEvent.Crash:
                // Whatever it had used since its last commit nobody knows; its place is void in time.
                _runs[step.Run] = null;
                break;
            case QuotaEvent.Replay when run?.IsDriven == true:
                // The start is sent again, because its answer was lost.
                Apply(State.Admit(Now, bounds, run.Id, step.Need, holds: true));
                break;
        }
    }

    private void Start(QuotaStep step)
    {
        var run = new SimulatedRun($"run-{_names++}") { IsDriven = step.Event == QuotaEvent.Start };
        if (Apply(State.Admit(Now, bounds, run.Id, step.Need, run.IsDriven)))
        {
            _runs[step.Run] = run;
            Starts.Add(Now);
        }
    }

    private void Call(SimulatedRun run, QuotaStep step)
    {
        var unaccounted = run.Used - run.Accounted;
        if (State.Find(run.Id)!.Amount.Covers(unaccounted + step.Need) || Account(run, State.Extend(Now, bounds, run.Id, unaccounted, step.Need)))
        {
            run.Used += new QuotaAmount(step.Need.Tokens * step.Share / 100, step.Need.CostUsd * step.Share / 100);
        }
    }

    private void Release(SimulatedRun run) => Account(run, (State.Release(bounds, run.Id, run.Used - run.Accounted), null));

    private bool Account(SimulatedRun run, (QuotaState Next, QuotaRefusal? Refusal) outcome)
    {
        if (!Apply(outcome))
        {
            return false;
        }

        Accounted += run.Used - run.Accounted;
        run.Accounted = run.Used;
        return true;
    }

    private bool Apply((QuotaState Next, QuotaRefusal? Refusal) outcome)
    {
        Assert.True(outcome.Refusal is null || outcome.Next == State, "What was refused must change nothing.");
        State = outcome.Next;
        return outcome.Refusal is null;
    }

    private sealed class SimulatedRun(string id)
    {
        public string Id { get; } = id;

        public bool IsDriven { get; set; }

        public QuotaAmount Used { get; set; }

        public QuotaAmount Accounted { get; set; }
    }
}
