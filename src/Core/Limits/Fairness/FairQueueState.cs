namespace Yggdrasil.Limits.Fairness;

/// <summary>The books of <see cref="FairQueue"/>: who has what slot, and who is next. Not for several threads.</summary>
internal sealed class FairQueueState(FairQueueRules rules, TimeProvider time)
{
    /// <summary>For how long a slot is kept for who was called: some hops through queues.</summary>
    public static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ShortestRecheck = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRecheck = TimeSpan.FromSeconds(60);

    /// <summary>All who are parked of one owner look by themselves so often together.</summary>
    private static readonly TimeSpan RecheckSpacing = TimeSpan.FromMilliseconds(250);

    /// <summary>What waits for its user to be enabled again may wait longer.</summary>
    private const double HeldBackSpacing = 3;

    private readonly Dictionary<string, OwnerQueue> _lines = [];
    private readonly Queue<(OwnerQueue Line, string Key, long Stamp, long CalledAt)> _called = new();
    private int _free = rules.Slots;
    private int _kept;
    private int _waiting;
    private int _activities;
    private double _clock;
    private long _stamps;

    /// <summary>Takes an entry into the books.</summary>
    /// <returns>What has become of it; null for one that waits, with its position.</returns>
    public (Admission? Refused, OwnerQueue.Waiter? Waiter, long Stamp) Enter(string owner, ActivityWork? work)
    {
        var line = LineOf(owner);
        line.IsHeldBack = false;
        var wasCalled = false;
        var returning = work?.Key is { } key ? Return(line, key, out wasCalled) : null;
        var stamp = returning ?? ++_stamps;
        if (HasRoom(line, work is not null) && line.Waiting.Count == 0 && (returning is not null || work is null || line.ParkedWork.Count == 0))
        {
            Serve(line, work is not null, isCharged: wasCalled);
            return (null, null, stamp);
        }

        return work is not null && !MayWait(line, returning is not null) ? (Park(line, stamp, work), null, stamp)
            : _waiting >= rules.MaxWaiting ? (new Admission(null, IsFull: true), null, stamp)
            : (null, Queue(line, stamp, work), stamp);
    }

    public Admission HoldBack(string owner, ActivityWork work)
    {
        var line = LineOf(owner);
        line.IsHeldBack = true;
        return Park(line, Return(line, work.Key!, out _) ?? ++_stamps, work, spacing: HeldBackSpacing);
    }

    public void Release(string owner)
    {
        if (_lines.TryGetValue(owner, out var line))
        {
            line.IsHeldBack = false;
        }
    }

    public void Count(string owner) => LineOf(owner).Requests++;

    public void Uncount(string owner) => LineOf(owner).Requests--;

    public void Drop(string owner, string key)
    {
        if (_lines.TryGetValue(owner, out var line))
        {
            Return(line, key, out _);
        }
    }

    public void Leave(string owner, bool isActivity)
    {
        _free++;
        _lines[owner].Held--;
        _activities -= isActivity ? 1 : 0;
    }

    private OwnerQueue LineOf(string owner)
    {
        if (!_lines.TryGetValue(owner, out var line))
        {
            _lines[owner] = line = new OwnerQueue(owner, 1.0 / rules.WeightOf(owner)) { Clock = _clock };
        }

        return line;
    }

    /// <summary>Whether the owner may have one more, besides those that are called.</summary>
    /// <param name="isNewActivity">Whether it is for an activity that is not here yet.</param>
    private bool HasRoom(OwnerQueue line, bool isNewActivity)
    {
        var free = _free - _kept;
        var held = line.Held + line.Called.Count + Math.Min(line.Requests, rules.PerOwner / 2);
        return free > 0 && (!isNewActivity || _activities + _kept < rules.Activities)
            && (line.Owner.Length == 0 || (held < rules.PerOwner && held < rules.FreeFactor * free));
    }

    private bool MayWait(OwnerQueue line, bool isReturning) =>
        (isReturning || line.ParkedWork.Count == 0) && line.WaitingActivities < rules.WaitingPerOwner && _activities < rules.Activities
        && _waiting < rules.MaxWaiting;

    private OwnerQueue.Waiter Queue(OwnerQueue line, long stamp, ActivityWork? work)
    {
        var waiter = new OwnerQueue.Waiter(line, work);
        line.Waiting.Add(stamp, waiter);
        _waiting++;
        if (work is not null)
        {
            _activities++;
            line.WaitingActivities++;
        }

        return waiter;
    }

    public bool TryUnqueue(OwnerQueue.Waiter waiter, long stamp)
    {
        var line = waiter.Line;
        if (!line.Waiting.Remove(stamp))
        {
            return false;
        }

        _waiting--;
        if (waiter.Work is not null)
        {
            _activities--;
            line.WaitingActivities--;
        }

        return true;
    }

    /// <param name="spacing">How much longer than usual it waits until it looks by itself.</param>
    public Admission Park(OwnerQueue line, long stamp, ActivityWork work, double spacing = 1)
    {
        var spaced = RecheckSpacing * line.ParkedWork.Count * (0.8 + (0.4 * Random.Shared.NextDouble()));
        var recheck = spacing * (spaced < ShortestRecheck ? ShortestRecheck : spaced > LongestRecheck ? LongestRecheck : spaced);
        if (work.Key is not null && work.Call is not null)
        {
            line.Park(stamp, work, time.GetTimestamp() + (long)(recheck.TotalSeconds * 1.5 * time.TimestampFrequency));
        }

        return new Admission(null, recheck);
    }

    /// <returns>The position of who comes back; null for who comes anew.</returns>
    private long? Return(OwnerQueue line, string key, out bool wasCalled)
    {
        wasCalled = line.Called.Remove(key, out var stamp);
        _kept -= wasCalled ? 1 : 0;
        return wasCalled ? stamp : line.Unpark(key);
    }

    /// <param name="isCharged">Who was called has been charged then.</param>
    private void Serve(OwnerQueue line, bool isActivity, bool isCharged = false)
    {
        _free--;
        line.Held++;
        _activities += isActivity ? 1 : 0;
        if (!isCharged)
        {
            Charge(line);
        }
    }

    private void Charge(OwnerQueue line)
    {
        _clock = Math.Max(_clock, line.Clock);
        line.Clock += line.Stride;
    }

    /// <summary>Gives out what is free, fairly by owner.</summary>
    /// <param name="calls">Whom to call, outside the lock.</param>
    public void GiveOut(List<ActivityWork> calls)
    {
        while (_free > _kept && _lines.Values.Where(line => line.HasNext && HasRoom(line, line.Waiting.Count == 0)).MinBy(line => line.Clock) is { } line)
        {
            if (line.Waiting.Count > 0)
            {
                var (stamp, waiter) = line.Waiting.First();
                TryUnqueue(waiter, stamp);
                Serve(line, waiter.Work is not null);
                waiter.Served.SetResult();
                continue;
            }

            var (position, parked) = line.ParkedWork.First();
            line.Unpark(parked.Work.Key!);
            if (parked.ExpectedBy > time.GetTimestamp())
            {
                _kept++;
                Charge(line);
                line.Called[parked.Work.Key!] = position;
                _called.Enqueue((line, parked.Work.Key!, position, time.GetTimestamp()));
                calls.Add(parked.Work);
            }
        }
    }

    public void ForgetLostCalls()
    {
        while (_called.TryPeek(out var oldest))
        {
            var isOut = oldest.Line.Called.TryGetValue(oldest.Key, out var stamp) && stamp == oldest.Stamp;
            if (isOut && time.GetElapsedTime(oldest.CalledAt) < CallPatience)
            {
                return;
            }

            _called.Dequeue();
            if (isOut)
            {
                oldest.Line.Called.Remove(oldest.Key);
                _kept--;
                ForgetIdle(oldest.Line.Owner);
            }
        }
    }

    /// <summary>An owner for whom nothing goes on needs no clock.</summary>
    public void ForgetIdle(string owner)
    {
        if (_lines.TryGetValue(owner, out var line) && line.IsIdle)
        {
            _lines.Remove(owner);
        }
    }
}
