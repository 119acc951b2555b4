using CsCheck;
using Yggdrasil.Models.Profiles;
using Yggdrasil.Models.Profiles.Shaping;

namespace Yggdrasil.Tests.Providers.Profiles;

public sealed class WireToolNameTests
{
    [Theory]
    [InlineData("calculator", "calculator")]
    [InlineData("functions.calculator", "functions_calculator")]
    [InlineData("calculator<|channel|>commentary", "calculator__channel__commentary")]
    [InlineData("", "_")]
    [InlineData("köln 東京", "k_ln___")]
    public void Other_characters_become_underscores(string name, string expected) =>
        Assert.Equal(expected, WireToolName.Of(name, BuiltInProfiles.Unknown.ToolNames));

    [Fact]
    public void Every_name_fits_every_profile() => Gen.String[0, 200].Sample(name => Assert.All(
        BuiltInProfiles.All, profile => Assert.Matches(profile.ToolNames, WireToolName.Of(name, profile.ToolNames))));

    [Fact]
    public void Every_id_fits_every_profile() => Gen.String[0, 60].Sample(id => Assert.All(
        BuiltInProfiles.All, profile => Assert.Matches(profile.CallIds, new WireCallIds().OfCall(id))));
}
