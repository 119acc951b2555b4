namespace Yggdrasil.Load.Measuring;

/// <summary>Takes samples from all users. Those that were due during the warm-up are not measured, only shown live.</summary>
internal sealed class Recorder
{
    private const int MostIntervals = 120;

    private readonly Lock _lock = new();
    private readonly TimeSpan _warmUp;
    private readonly TimeSpan _duration;
    private readonly TimeSpan _interval;
    private readonly List<Interval> _intervals;
    private readonly SortedDictionary<string, ScenarioTally> _scenarios = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> _errors = new(StringComparer.Ordinal);
    private readonly Latencies _latencies = new();
    private readonly Latencies _sendDelays = new();
    private long _inFlight;
    private long _ended;
    private long _failed;
    private long _missed;
    private TimeSpan _last;

    /// <param name="warmUp">Samples due before are left out.</param>
    /// <param name="duration">How long is measured after the warm-up.</param>
    public Recorder(TimeSpan warmUp, TimeSpan duration)
    {
        _warmUp = warmUp;
        _duration = duration;
        _interval = TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(duration.TotalSeconds / MostIntervals)));
        _intervals = [.. Enumerable.Range(0, (int)Math.Ceiling(duration / _interval)).Select(_ => new Interval())];
    }

    public void Begin() => Interlocked.Increment(ref _inFlight);

    public void End(Sample sample)
    {
        Interlocked.Decrement(ref _inFlight);
        lock (_lock)
        {
            Add(sample);
        }
    }

    /// <summary>An arrival that was due and never sent. It counts as failed, after the time it has waited.</summary>
    public void Missed(TimeSpan due, TimeSpan now)
    {
        lock (_lock)
        {
            _missed += due >= _warmUp ? 1 : 0;
            Add(new Sample(due, now, now, RunOutcome.NotSent));
        }
    }

    /// <summary>For the live line: everything so far, warm-up included; the percentile is of what is measured.</summary>
    public Progress Progress()
    {
        lock (_lock)
        {
            return new Progress(Interlocked.Read(ref _inFlight), _ended, _failed, _latencies.At(95));
        }
    }

    /// <param name="until">When the load ended, if that was earlier than planned.</param>
    public Measurement Measurement(TimeSpan until)
    {
        lock (_lock)
        {
            var planned = until - _warmUp < _duration ? until - _warmUp : _duration;
            var measured = _last - _warmUp > planned ? _last - _warmUp : planned;
            return new Measurement(
                Math.Max(measured.TotalSeconds, 0),
                _interval.TotalSeconds,
                _latencies,
                _sendDelays.Summary(),
                _missed,
                [.. _scenarios.Select(pair => pair.Value.Figures(pair.Key))],
                _errors.ToDictionary(),
                [.. _intervals.TakeWhile((_, index) => _interval * index < measured).Select((interval, index) => interval.Figures(_interval * index, _interval))]);
        }
    }

    private void Add(Sample sample)
    {
        _ended++;
        _failed += sample.Outcome.Error is null ? 0 : 1;
        if (sample.Due < _warmUp)
        {
            return;
        }

        _last = sample.Ended > _last ? sample.Ended : _last;
        _sendDelays.Add(sample.Sent - sample.Due);
        var outcome = sample.Outcome;
        if (!_scenarios.TryGetValue(outcome.Scenario, out var tally))
        {
            _scenarios[outcome.Scenario] = tally = new ScenarioTally();
        }

        tally.Add(sample);
        // By when it ended, as an observer would have counted it; what ends after the last interval is in the totals only.
        var interval = _intervals.ElementAtOrDefault((int)((sample.Ended - _warmUp) / _interval));
        if (outcome.Error is { } kind)
        {
            _errors[kind] = _errors.GetValueOrDefault(kind) + 1;
            interval?.AddError();
            return;
        }

        // What fails at once would make a failing host look fast, so only completed runs have a time.
        _latencies.Add(sample.Latency);
        interval?.Add(sample.Latency);
    }

    private sealed class Interval
    {
        private readonly Latencies _latencies = new(digits: 2);
        private long _errors;

        public void Add(TimeSpan latency) => _latencies.Add(latency);

        public void AddError() => _errors++;

        public IntervalFigures Figures(TimeSpan start, TimeSpan length) => new(
            start.TotalSeconds,
            Math.Round(_latencies.Count / length.TotalSeconds, 2),
            Math.Round(_errors / length.TotalSeconds, 2),
            At(50),
            At(95),
            At(99));

        private double? At(double percentile) => _latencies.Count == 0 ? null : _latencies.At(percentile);
    }
}

/// <summary>What the live line shows.</summary>
internal sealed record Progress(long InFlight, long Ended, long Failed, double P95);
