using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Load.Measuring;
using Yggdrasil.Load.Models;

namespace Yggdrasil.Load.Tests.Models;

public class ClosedModelTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_user_asks_again_only_after_the_answer_and_the_pause()
    {
        var recorder = new Recorder(TimeSpan.Zero, TimeSpan.FromSeconds(100));
        var answers = new List<TaskCompletionSource<RunOutcome>>();
        var driving = new ClosedModel(users: 1, think: TimeSpan.FromSeconds(3), rampUp: TimeSpan.Zero).DriveAsync(
            _ => Ask(answers), recorder, new LoadClock(_time), TimeSpan.FromSeconds(10), CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Single(answers);

        answers[0].SetResult(new RunOutcome("chat", null));
        await Poll.UntilAsync(() => recorder.Progress().Ended == 1);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Single(answers);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Poll.UntilAsync(() => answers.Count == 2);

        _time.Advance(TimeSpan.FromSeconds(4));
        answers[1].SetResult(new RunOutcome("chat", null));
        await Poll.UntilAsync(() => recorder.Progress().Ended == 2);
        _time.Advance(TimeSpan.FromSeconds(3));
        await driving;
        Assert.Equal(2, answers.Count);
        Assert.Equal(5_000, recorder.Measurement(TimeSpan.FromSeconds(12)).Latencies.At(100), tolerance: 10);
    }

    [Fact]
    public async Task Users_join_over_the_ramp_up()
    {
        var recorder = new Recorder(TimeSpan.Zero, TimeSpan.FromSeconds(100));
        var answers = new List<TaskCompletionSource<RunOutcome>>();
        var driving = new ClosedModel(users: 4, TimeSpan.Zero, rampUp: TimeSpan.FromSeconds(8)).DriveAsync(
            _ => Ask(answers), recorder, new LoadClock(_time), TimeSpan.FromSeconds(10), CancellationToken.None);
        for (var users = 1; users <= 4; users++)
        {
            await Poll.UntilAsync(() => recorder.Progress().InFlight == users);
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        _time.Advance(TimeSpan.FromSeconds(10));
        answers.ForEach(answer => answer.SetResult(new RunOutcome("chat", null)));
        await driving;
        Assert.Equal(4, answers.Count);
    }

    private static Task<RunOutcome> Ask(List<TaskCompletionSource<RunOutcome>> answers)
    {
        lock (answers)
        {
            answers.Add(new TaskCompletionSource<RunOutcome>(TaskCreationOptions.RunContinuationsAsynchronously));
            return answers[^1].Task;
        }
    }
}
