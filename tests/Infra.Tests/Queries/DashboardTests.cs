using System.Text.Json.Nodes;

namespace Yggdrasil.Infra.Tests.Queries;

/// <summary>The Grafana dashboard, over what the collector makes of our metrics for Prometheus.</summary>
public class DashboardTests
{
    /// <summary>What the unit of a metric, and its being a histogram or counter, add to its name.</summary>
    private static readonly string[] Endings = ["", "_seconds", "_total", "_bucket", "_count", "_sum", "_seconds_bucket", "_seconds_count", "_seconds_sum"];

    private static readonly JsonNode Dashboard = JsonNode.Parse(Repository.Read("infra", "grafana", "agents.json"))!;

    [Fact]
    public async Task Queries_are_valid_and_ask_for_metrics_and_labels_that_there_are()
    {
        var queries = Panels().SelectMany(panel => panel["targets"]!.AsArray().Select(target => (
            Key: $"{panel["title"]} {target!["refId"]}",
            // Grafana puts a duration there.
            Text: target["expr"]!.GetValue<string>().Replace("$__rate_interval", "1m", StringComparison.Ordinal)))).ToDictionary(query => query.Key, query => query.Text);
        queries.Add("wrong", "sum(rate(x[5m])");
        var checkedQueries = await NodeChecks.RunAsync<Dictionary<string, PromQuery>>("promql.mjs", queries);

        Assert.NotEmpty(checkedQueries["wrong"].Errors);
        checkedQueries.Remove("wrong");
        var signals = JsonNode.Parse(Repository.Read("infra", "bicep", "signals.json"))!.AsObject();
        var metrics = Names(signals, attributes: false).SelectMany(name => Endings.Select(ending => name + ending)).ToHashSet();
        var labels = Names(signals, attributes: true).Append("le").ToHashSet();
        Assert.All(checkedQueries, query =>
        {
            Assert.True(query.Value.Errors.Count == 0, $"{query.Key}: {string.Join(' ', query.Value.Errors)}");
            Assert.NotEmpty(query.Value.Metrics);
            Assert.All(query.Value.Metrics, metric => Assert.Contains(metric, metrics));
            Assert.All(query.Value.Labels, label => Assert.Contains(label, labels));
        });
    }

    [Fact]
    public void Panels_have_ids_of_their_own_and_do_not_overlap()
    {
        var panels = Panels();
        Assert.Equal(panels.Count, panels.Select(panel => panel["id"]!.GetValue<int>()).Distinct().Count());
        var cells = panels.SelectMany(panel =>
        {
            var (x, y, w, h) = (At("x"), At("y"), At("w"), At("h"));
            return from column in Enumerable.Range(x, w) from row in Enumerable.Range(y, h) select (column, row);

            int At(string name) => panel["gridPos"]![name]!.GetValue<int>();
        }).ToList();
        Assert.Equal(cells.Count, cells.Distinct().Count());
        Assert.All(cells, cell => Assert.InRange(cell.column, 0, 23));
    }

    private static List<JsonNode> Panels() => [.. Dashboard["panels"]!.AsArray().Select(panel => panel!)];

    private static IEnumerable<string> Names(JsonObject signals, bool attributes) => signals
        .Where(signal => signal.Key.StartsWith("attribute", StringComparison.Ordinal) == attributes)
        .Select(signal => signal.Value!.GetValue<string>().Replace('.', '_'));

    private sealed record PromQuery(IReadOnlyList<string> Errors, IReadOnlyList<string> Metrics, IReadOnlyList<string> Labels);
}
