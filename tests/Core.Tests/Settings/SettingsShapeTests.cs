using CsCheck;
using Microsoft.Extensions.Configuration;
using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Tests.Settings;

public sealed class SettingsShapeTests
{
    private static readonly string[] Keys = ["Number", "Flag", "Share", "Pause", "Kind", "Maybe", "Names", "Inner"];

    [Theory]
    [InlineData("Number", "abc", "Test__Number must be a whole number.")]
    [InlineData("Number", "1.5", "Test__Number must be a whole number.")]
    [InlineData("Number", "99999999999", "Test__Number must be a whole number.")]
    [InlineData("Flag", "yes", "Test__Flag must be true or false.")]
    [InlineData("Share", "half", "Test__Share must be a number.")]
    [InlineData("Pause", "soon", "Test__Pause must be a duration such as 00:00:30.")]
    [InlineData("Kind", "Loud", "Test__Kind must be one of Quiet, Noisy.")]
    [InlineData("Maybe", "abc", "Test__Maybe must be a whole number.")]
    [InlineData("Names", "a,b", "Test__Names is a list: set Test__Names__0 and so on.")]
    [InlineData("Number:0", "1", "Test__Number__0 is no setting: Test__Number is a single value.")]
    [InlineData("Numbr", "1", "Test__Numbr is no setting: did you mean Test__Number?")]
    [InlineData("numebr", "1", "Test__numebr is no setting: did you mean Test__Number?")]
    [InlineData("Colour", "red", "Test__Colour is no setting: it may have Flag, Inner, Kind, Maybe, Names, Number, Pause, Share, Text.")]
    [InlineData("Hidden", "1", "Test__Hidden is no setting: it may have Flag, Inner, Kind, Maybe, Names, Number, Pause, Share, Text.")]
    [InlineData("Inner:Txet", "x", "Test__Inner__Txet is no setting: did you mean Test__Inner__Text?")]
    [InlineData("Inner:Deep:Number", "x", "Test__Inner__Deep is no setting: it may have Text.")]
    public void Wrong_setting_is_named_with_its_remedy_and_keeps_its_default(string key, string value, string problem)
    {
        var shape = Shape((key, value));
        var options = new Options();
        shape.Bind(options);

        Assert.Equal([problem], shape.Problems);
        Assert.Equal((7, false, (int?)null, 0), (options.Number, options.Flag, options.Maybe, options.Names.Count));
    }

    [Fact]
    public void Right_settings_beside_wrong_ones_are_bound()
    {
        var shape = Shape(
            ("number", "8"), ("Flag", "TRUE"), ("Share", "0.5"), ("Pause", "00:00:30"), ("Kind", "noisy"), ("Maybe", "3"),
            ("Names:0", "a"), ("Names:1", "b"), ("Inner:Text", "deep"), ("Text", " kept "), ("Unknown", "x"));
        var options = new Options();
        shape.Bind(options);

        Assert.Single(shape.Problems);
        Assert.Equal(
            (8, true, 0.5, TimeSpan.FromSeconds(30), Kind.Noisy, (int?)3), (options.Number, options.Flag, options.Share, options.Pause, options.Kind, options.Maybe));
        Assert.Equal(["a", "b"], options.Names);
        Assert.Equal(("deep", " kept "), (options.Inner.Text, options.Text));
    }

    [Fact]
    public void Empty_value_means_not_set()
    {
        var shape = Shape(("Number", ""), ("Flag", ""), ("Text", ""), ("Maybe", ""), ("Names", ""));
        var options = new Options();
        shape.Bind(options);

        Assert.Empty(shape.Problems);
        Assert.Equal((7, "default"), (options.Number, options.Text));
    }

    [Fact]
    public void No_value_of_any_kind_makes_it_throw_or_shows_in_a_problem() =>
        Gen.Select(Gen.Int[0, Keys.Length - 1], Gen.String[1, 40]).Sample((index, text) =>
        {
            var value = $"secret-{text}";
            var shape = Shape((Keys[index], value));
            shape.Bind(new Options());
            return shape.Problems.All(problem => !problem.Contains("secret-", StringComparison.Ordinal));
        });

    private static SettingsShape Shape(params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"Test:{setting.Key}", (string?)setting.Value)))
            .Build();
        return SettingsShape.Of(configuration.GetSection("Test"), typeof(Options));
    }

    private enum Kind
    {
        Quiet,
        Noisy,
    }

    private sealed class Options
    {
        public int Number { get; set; } = 7;
        public bool Flag { get; set; }
        public double Share { get; init; }
        public TimeSpan Pause { get; set; }
        public Kind Kind { get; set; }
        public int? Maybe { get; set; }
        public string Text { get; set; } = "default";
        public IList<string> Names { get; } = [];
        public Inner Inner { get; set; } = new();
        internal int Hidden { get; set; }
    }

    private sealed class Inner
    {
        public string Text { get; set; } = "";
    }
}
