using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Yggdrasil.Infra.Tests.Bicep;

namespace Yggdrasil.Infra.Tests.Queries;

/// <summary>The alert rules of a deployment, as Azure gets them.</summary>
[Collection(SharedDeployment.Name)]
public sealed partial class AlertTests(DeploymentFixture deployment)
{
    [Fact]
    public async Task Queries_of_alerts_and_workbook_are_valid_and_give_what_is_measured()
    {
        var rules = Rules();
        var queries = rules.ToDictionary(rule => rule.Name(), Query);
        foreach (var (title, query) in WorkbookQueries())
        {
            queries.Add(title, query);
        }

        queries.Add("wrong column", "AppMetrics | where Nam == 'x'");
        queries.Add("wrong syntax", "AppMetrics | summarise x = count()");
        var results = await LogAnalytics.CheckAsync(queries);

        Assert.NotEmpty(results["wrong column"].Errors);
        Assert.NotEmpty(results["wrong syntax"].Errors);
        Assert.All(
            results.Where(result => !result.Key.StartsWith("wrong ", StringComparison.Ordinal)),
            result => Assert.True(result.Value.Errors.Count == 0, $"{result.Key}: {string.Join(' ', result.Value.Errors)}"));
        Assert.All(rules, rule =>
        {
            var columns = results[rule.Name()].Columns;
            var measured = rule.At("properties.criteria.allOf.0.metricMeasureColumn");
            Assert.True(measured is null ? rule.At("properties.criteria.allOf.0.timeAggregation") == "Count" : columns[measured] is "real" or "long", rule.Name());
            Assert.All(Dimensions(rule), dimension => Assert.Equal("string", columns[dimension]));
        });
    }

    [Fact]
    public void There_is_an_alert_for_each_of_what_operators_are_promised() => Assert.Equal(
        ["critical-events > 0", "daily-cost > 50", "error-rate > 5", "latency > 10", "poison-queue > 0", "provider-down > 0"],
        Rules().Select(rule => $"{rule.Name().Split('-', 3)[2]} > {rule.At("properties.criteria.allOf.0.threshold")}").Order());

    [Fact]
    public void Each_alert_says_where_its_first_steps_are_and_they_are_there()
    {
        var runbook = Repository.Read("docs", "operations.md");
        var descriptions = Rules().Append(deployment.Least.Single("Microsoft.Insights/metricAlerts")).Select(rule => rule.At("properties.description")!).ToList();
        Assert.All(descriptions, description =>
            Assert.Contains($"### {Section().Match(description).Groups[1].Value}\n", runbook, StringComparison.Ordinal));
    }

    [Fact]
    public void Callers_who_went_away_are_not_counted_as_errors() => Assert.Contains(
        "Status != 499", Query(Rules().Single(rule => rule.Name().EndsWith("error-rate", StringComparison.Ordinal))), StringComparison.Ordinal);

    [Fact]
    public void Every_alert_reaches_the_action_group()
    {
        var group = deployment.Most.Single("Microsoft.Insights/actionGroups");
        Assert.Equal("operator@example.com", group.At("properties.emailReceivers.0.emailAddress"));
        Assert.All(Rules(), rule => Assert.EndsWith("/actionGroups/" + group.Name(), rule.At("properties.actions.actionGroups.0"), StringComparison.Ordinal));
    }

    [Fact]
    public void Signals_are_all_used_and_no_other_is()
    {
        var names = JsonNode.Parse(Repository.Read("infra", "bicep", "signals.json"))!.AsObject().Select(pair => pair.Key).ToList();
        var texts = Directory.EnumerateFiles(Repository.PathOf("infra", "bicep", "queries")).Append(Repository.PathOf("infra", "bicep", "workbook.json")).Select(File.ReadAllText);
        Assert.Equal(names.Order(), texts.SelectMany(text => Placeholder().Matches(text)).Select(match => match.Groups[1].Value).Distinct().Order());

        var deployed = Rules().Select(Query).Concat(WorkbookQueries().Values);
        Assert.All(deployed, query => Assert.DoesNotMatch(Placeholder(), query));
    }

    private List<JsonObject> Rules() => [.. deployment.Least.OfType("Microsoft.Insights/scheduledQueryRules")];

    private static string Query(JsonObject rule) => rule.At("properties.criteria.allOf.0.query")!;

    private static IEnumerable<string> Dimensions(JsonObject rule) =>
        rule["properties"]!["criteria"]!["allOf"]![0]!["dimensions"]!.AsArray().Select(dimension => dimension!["name"]!.GetValue<string>());

    private Dictionary<string, string> WorkbookQueries()
    {
        var workbook = JsonNode.Parse(deployment.Least.Single("Microsoft.Insights/workbooks").At("properties.serializedData")!)!;
        return workbook["items"]!.AsArray().Where(item => item!["type"]!.GetValue<int>() == 3)
            .ToDictionary(item => item!["content"]!["title"]!.GetValue<string>(), item => item!["content"]!["query"]!.GetValue<string>());
    }

    [GeneratedRegex(@"""([^""]+)""\.$")]
    private static partial Regex Section();

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Placeholder();
}
