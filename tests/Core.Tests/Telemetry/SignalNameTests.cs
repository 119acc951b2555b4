using System.Reflection;
using System.Text.RegularExpressions;
using Yggdrasil.Fixtures;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Tests.Telemetry;

/// <summary>Queries and the runbook speak of nothing that is not emitted, and the runbook of all that is.</summary>
public sealed partial class SignalNameTests
{
    private static readonly HashSet<string> Names = [.. Constants(typeof(Signals)), .. Constants(typeof(GenAi))];

    public static TheoryData<string> Queries =>
        [.. Directory.EnumerateFiles(Checkout.PathOf("docs", "queries"), "*.kql").Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Queries))]
    public void Query_names_only_what_is_emitted(string query)
    {
        var text = File.ReadAllText(Checkout.PathOf("docs", "queries", query));

        var named = Name().Matches(text).Select(match => match.Value).ToHashSet();

        Assert.NotEmpty(text);
        Assert.Empty(named.Except(Names));
    }

    [Fact]
    public void Alerts_and_workbook_of_the_infrastructure_name_only_what_is_emitted()
    {
        var text = File.ReadAllText(Checkout.PathOf("infra", "bicep", "signals.json"));

        var named = Name().Matches(text).Select(match => match.Value).ToHashSet();

        Assert.NotEmpty(named);
        Assert.Empty(named.Except(Names));
    }

    [Fact]
    public void Runbook_lists_every_metric_and_no_other()
    {
        var runbook = File.ReadAllText(Checkout.PathOf("docs", "operations.md"));

        var listed = Row().Matches(runbook).Select(match => match.Groups[1].Value).ToHashSet();

        Assert.Equal(
            [.. Constants(typeof(Signals.Metrics)).Concat(Constants(typeof(GenAi.Metrics))).Order(StringComparer.Ordinal)],
            listed.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Constants(Type type) =>
        type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(field => field is { IsLiteral: true }).Select(field => (string)field.GetRawConstantValue()!)
            .Concat(type.GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic).SelectMany(Constants));

    [GeneratedRegex(@"\b(yggdrasil|gen_ai)\.[a-z0-9_.]+[a-z0-9]")]
    private static partial Regex Name();

    [GeneratedRegex(@"^\| `((?:yggdrasil|gen_ai)\.[a-z0-9_.]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
