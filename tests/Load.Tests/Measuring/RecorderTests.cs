using Yggdrasil.Load.Measuring;

namespace Yggdrasil.Load.Tests.Measuring;

public class RecorderTests
{
    private readonly Recorder _recorder = new(warmUp: TimeSpan.FromSeconds(10), duration: TimeSpan.FromSeconds(60));

    [Fact]
    public void What_was_due_during_the_warm_up_is_not_measured()
    {
        Add(due: 9.9, ended: 30, new RunOutcome("chat", null));
        Add(due: 10, ended: 11, new RunOutcome("chat", null));

        var measured = _recorder.Measurement(TimeSpan.FromSeconds(70));
        Assert.Equal(1, measured.Latencies.Count);
        Assert.Equal(1_000, measured.Latencies.At(100), tolerance: 1);
        Assert.Equal(2, _recorder.Progress().Ended);
    }

    [Fact]
    public void Failed_runs_count_as_errors_of_their_kind_and_have_no_time()
    {
        Add(10, 10.01, new RunOutcome("chat", "429 rate_limited"));
        Add(10, 10.01, new RunOutcome("tools", "429 rate_limited"));
        Add(10, 12, new RunOutcome("chat", null));

        var measured = _recorder.Measurement(TimeSpan.FromSeconds(70));
        Assert.Equal(2, measured.Errors["429 rate_limited"]);
        Assert.Equal(1, measured.Latencies.Count);
        Assert.Equal(2_000, measured.Latencies.At(0), tolerance: 2);
        Assert.Equal((1L, 1L), measured.Scenarios.Where(scenario => scenario.Name == "chat").Select(scenario => (scenario.Completed, scenario.Failed)).Single());
    }

    [Fact]
    public void Runs_that_end_late_stretch_the_time_that_throughput_is_relative_to()
    {
        Add(69, 100, new RunOutcome("chat", null));
        Assert.Equal(90, _recorder.Measurement(TimeSpan.FromSeconds(100)).Seconds);
    }

    [Fact]
    public void A_load_that_was_stopped_early_is_relative_to_the_time_it_had()
    {
        Add(15, 16, new RunOutcome("chat", null));
        var measured = _recorder.Measurement(until: TimeSpan.FromSeconds(30));
        Assert.Equal(20, measured.Seconds);
        Assert.Equal(20, measured.Intervals.Count);
    }

    [Fact]
    public void Tokens_calls_and_cost_are_added_up_by_scenario_failed_runs_included()
    {
        Add(10, 11, new RunOutcome("tools", null, 100, 20, 3, 2, 0.5m));
        Add(11, 12, new RunOutcome("tools", "failed provider_timeout", 50, 0, 1, 0, 0.25m));

        var tools = Assert.Single(_recorder.Measurement(TimeSpan.FromSeconds(70)).Scenarios);
        Assert.Equal((150L, 20L, 4L, 2L, 0.75m), (tools.InputTokens, tools.OutputTokens, tools.ModelCalls, tools.ToolCalls, tools.CostUsd));
    }

    [Fact]
    public void Intervals_show_when_runs_ended()
    {
        Add(10, 12.5, new RunOutcome("chat", null));
        Add(10, 12.7, new RunOutcome("chat", "timeout"));

        var intervals = _recorder.Measurement(TimeSpan.FromSeconds(70)).Intervals;
        Assert.Equal(60, intervals.Count);
        Assert.Equal((1.0, 1.0), (intervals[2].CompletedPerSecond, intervals[2].FailedPerSecond));
        Assert.Equal(1, intervals.Sum(interval => interval.CompletedPerSecond));
    }

    private void Add(double due, double ended, RunOutcome outcome)
    {
        _recorder.Begin();
        _recorder.End(new Sample(TimeSpan.FromSeconds(due), TimeSpan.FromSeconds(due), TimeSpan.FromSeconds(ended), outcome));
    }
}
