using NetArchTest.Rules;
using Yggdrasil.Foundation;

namespace Yggdrasil.Tests.Architecture;

/// <summary>The layers of Core: each knows only those before it (docs/architecture.md).</summary>
public sealed class LayerTests
{
    private const string Root = "Yggdrasil";

    private static readonly string[] Layers =
    [
        "Foundation", "Redaction", "Identity", "Protection", "Storage", "Telemetry", "Limits", "Users", "Models", "Tools", "Agents", "Runs",
        "Work", "Operations", "Hosting",
    ];

    public static TheoryData<string> Names => [.. Layers];

    [Theory]
    [MemberData(nameof(Names))]
    public void Layer_knows_only_those_before_it(string layer)
    {
        var above = Layers.SkipWhile(name => name != layer).Skip(1).Select(name => $"{Root}.{name}").ToArray();
        if (above.Length > 0)
        {
            AssertUnknown(layer, above);
        }
    }

    [Fact]
    public void Redaction_knows_nothing_else_of_ours() =>
        AssertUnknown("Redaction", [.. Layers.Where(name => name != "Redaction").Select(name => $"{Root}.{name}")]);

    [Fact]
    public void Every_type_belongs_to_a_layer()
    {
        var elsewhere = Types.InAssembly(typeof(Ids).Assembly).GetTypes()
            .Where(type => type.FullName.StartsWith($"{Root}.", StringComparison.Ordinal))
            .Where(type => !Layers.Contains(type.FullName.Split('.')[1]))
            .Select(type => type.FullName);
        Assert.Empty(elsewhere);
    }

    /// <summary>What a layer does know is found: in fields, in the bodies of methods and in generic arguments.</summary>
    [Theory]
    [InlineData("Hosting", "Foundation")]
    [InlineData("Runs", "Models")]
    [InlineData("Runs", "Storage")]
    [InlineData("Protection", "Models.NotThere", false)]
    public void Dependencies_are_found(string layer, string other, bool expected = true) =>
        Assert.Equal(expected, Knowing(layer, [$"{Root}.{other}"]).FailingTypes.Any());

    private static void AssertUnknown(string layer, string[] others) =>
        Assert.Empty(Knowing(layer, others).FailingTypes.Select(type => $"{type.FullName}: {type.Explanation}"));

    private static TestResult Knowing(string layer, string[] others)
    {
        var result = Types.InAssembly(typeof(Ids).Assembly)
            .That().ResideInNamespace($"{Root}.{layer}")
            .Should().NotHaveDependencyOnAny(others)
            .GetResult();
        Assert.NotEmpty(result.LoadedTypes);
        return result;
    }
}
