namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>Every case of <c>Data</c>, over real HTTP, streamed and not, with the next turn of the same conversation.</summary>
public class ProviderCaseTests(ProviderCaseFixture app) : IClassFixture<ProviderCaseFixture>
{
    /// <summary>What is right, by the number of the case.</summary>
    private static readonly Dictionary<string, CaseExpectation> Expectations = new([.. WireCases.All, .. ProfileCases.All]);

    public static IEnumerable<object[]> Rows =>
        from number in Expectations.Keys.Order(StringComparer.Ordinal)
        from mode in Enum.GetValues<CaseMode>()
        select new object[] { number, mode };

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Case_ends_as_is_right_and_so_does_the_next_turn(string number, CaseMode mode)
    {
        var folder = Directory.GetDirectories(Path.Combine(AppContext.BaseDirectory, "ProviderCases", "Data"), $"{number}-*").Single();
        var expectation = Expectations[number];

        var outcome = await new CasePlayer(app, Path.GetFileName(folder), mode).PlayAsync(expectation.RulesRefuse);

        Assert.Empty(outcome.Runs.Keys.SelectMany(outcome.Requests).Select(request => request.Refusal).OfType<string>());
        expectation.Check(outcome, mode);
        Assert.All(outcome.Runs.Where(runs => !expectation.KeepFailing.Contains(runs.Key)), runs =>
            Assert.True(runs.Value[^1].Status == "completed", $"{runs.Key}: {runs.Value[^1].Run.GetRawText()}"));
    }
}
