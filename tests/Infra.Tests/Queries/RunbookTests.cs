using System.Text.RegularExpressions;

namespace Yggdrasil.Infra.Tests.Queries;

/// <summary>What an operator copies at three in the morning has to work.</summary>
public partial class RunbookTests
{
    [Fact]
    public async Task Queries_in_the_runbook_are_valid()
    {
        // Where the operator fills something in, anything fits.
        var queries = Query().Matches(Repository.Read("docs", "operations.md")).Select(match => match.Groups[1].Value).Distinct()
            .ToDictionary(query => query, query => Blank().Replace(query, "x"));
        Assert.NotEmpty(queries);
        Assert.All(
            await LogAnalytics.CheckAsync(queries), query => Assert.True(query.Value.Errors.Count == 0, $"{query.Key}: {string.Join(' ', query.Value.Errors)}"));
    }

    [GeneratedRegex(@"`((?:App[A-Z]|FunctionAppLogs)\w* \| [^`]+)`")]
    private static partial Regex Query();

    [GeneratedRegex("<[^>=]+>")]
    private static partial Regex Blank();
}
