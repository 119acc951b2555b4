using Yggdrasil.Operations.Health.Alerts;

namespace Yggdrasil.Tests.Health.Alerts;

public sealed class AlertStateTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("---", "..R", "raised with the third failure")]
    [InlineData("-+-+-", "....R", "raised by three of five")]
    [InlineData("-++-++-++-", "..........", "two of five are not enough")]
    [InlineData("---+++", "..R..C", "cleared by three good ones in a row")]
    [InlineData("---++-++-+++", "..R........C", "what comes and goes is told once")]
    [InlineData("---+++---", "..R..C..R", "raised again from what came after")]
    [InlineData("+++++", ".....", "good is not told")]
    public void Alert_changes_after_enough_checks_and_stays_otherwise(string outcomes, string expected, string because)
    {
        var state = AlertState.Unknown("storage");
        var changes = "";
        foreach (var (minute, outcome) in outcomes.Index())
        {
            var next = state.Take(outcome == '+', Start.AddMinutes(minute), new AlertOptions());
            changes += next.AlertId == state.AlertId ? '.' : next.IsRaised ? 'R' : 'C';
            state = next with { IsTold = true };
        }

        Assert.True(expected == changes, $"{because}: {changes}");
    }

    [Fact]
    public void Change_is_to_be_told_until_it_is()
    {
        var raised = AlertState.Unknown("storage").Take(isGood: false, Start, new AlertOptions { Failures = 1 });
        var later = raised.Take(isGood: false, Start.AddMinutes(1), new AlertOptions { Failures = 1 });

        Assert.Equal((true, false, raised.AlertId), (later.IsRaised, later.IsTold, later.AlertId));
    }
}
