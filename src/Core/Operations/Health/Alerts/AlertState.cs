using Yggdrasil.Foundation;

namespace Yggdrasil.Operations.Health.Alerts;

/// <summary>One check's last outcomes, and whether operators were told that it fails.</summary>
/// <param name="Outcomes">The last ones, oldest first: <c>+</c> good, <c>-</c> failing.</param>
/// <param name="AlertId">Of the last alert, raised or cleared; empty for none so far.</param>
/// <param name="IsTold">Whether the webhook took it.</param>
internal sealed record AlertState(
    string Name, string Outcomes, bool IsRaised, string AlertId, DateTimeOffset ChangedAt, bool IsTold, DateTimeOffset CheckedAt)
{
    public static AlertState Unknown(string name) => new(name, "", IsRaised: false, "", default, IsTold: true, default);

    /// <summary>
    /// Takes a check in. It is raised when enough of the last ones failed, and cleared when enough of them, one after the
    /// other, were good: what fails now and then is told once, and not every other minute.
    /// </summary>
    public AlertState Take(bool isGood, DateTimeOffset now, AlertOptions options)
    {
        var outcomes = Outcomes + (isGood ? '+' : '-');
        outcomes = outcomes[^Math.Min(outcomes.Length, options.Window)..];
        var next = this with { Outcomes = outcomes, CheckedAt = now };
        var isRaised = IsRaised
            ? !(outcomes.Length >= options.Successes && outcomes[^options.Successes..].All(outcome => outcome == '+'))
            : outcomes.Count(outcome => outcome == '-') >= options.Failures;
        return isRaised == IsRaised ? next : next with { IsRaised = isRaised, ChangedAt = now, AlertId = Ids.NewUnique(), IsTold = false };
    }
}
