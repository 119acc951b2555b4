using System.Xml.Linq;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Packages.Tests;

/// <summary>What is in the packages.</summary>
[Collection(SharedFeed.Name)]
public sealed class PackageTests(PackageFeed feed)
{
    private static readonly string[] Libraries = ["Client", "Core", "Functions", "LocalHost"];

    [Theory]
    [InlineData("Client")]
    [InlineData("Core")]
    [InlineData("Functions")]
    [InlineData("LocalHost")]
    [InlineData("Templates")]
    public void Package_says_what_it_is(string package)
    {
        var manifest = feed.Manifest(package);
        using var archive = feed.Open(package);

        Assert.Equal(
            ($"Yggdrasil.{package}", feed.Version, "MIT", "README.md", "icon.png"),
            (Text("id"), Text("version"), Text("license"), Text("readme"), Text("icon")));
        Assert.NotEmpty(Text("description"));
        Assert.Equal("git", Assert.Single(manifest["repository"]).Attribute("type")!.Value);
        Assert.NotNull(archive.GetEntry("README.md"));
        Assert.NotNull(archive.GetEntry("icon.png"));

        string Text(string element) => Assert.Single(manifest[element]).Value;
    }

    [Theory]
    [InlineData("Client")]
    [InlineData("Core")]
    [InlineData("Functions")]
    [InlineData("LocalHost")]
    public void Library_comes_with_documentation_and_symbols(string package)
    {
        using var archive = feed.Open(package);
        using var symbols = feed.Open(package, "snupkg");

        Assert.Equal(
            [$"lib/net10.0/Yggdrasil.{package}.dll", $"lib/net10.0/Yggdrasil.{package}.xml"],
            archive.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith("lib/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.NotNull(symbols.GetEntry($"lib/net10.0/Yggdrasil.{package}.pdb"));
    }

    [Theory]
    [InlineData("Functions", "Core")]
    [InlineData("LocalHost", "Functions")]
    public void Packages_belong_together_by_version(string package, string needed)
    {
        var dependency = Assert.Single(feed.Manifest(package)["dependency"], dependency => Attribute(dependency, "id") == $"Yggdrasil.{needed}");

        Assert.Equal(feed.Version, Attribute(dependency, "version"));
    }

    [Fact]
    public void Nothing_that_only_the_build_needs_is_asked_for() => Assert.All(
        Libraries,
        package => Assert.DoesNotContain(feed.Manifest(package)["dependency"], dependency => Attribute(dependency, "id") is "MinVer" or "Microsoft.Azure.Functions.Worker.Sdk"));

    [Theory]
    [InlineData("host.json", "host.json")]
    [InlineData("build/Yggdrasil.Functions.targets", "Package/Yggdrasil.Functions.targets")]
    public void Functions_bring_what_an_app_needs_beside_them(string packed, string source)
    {
        using var archive = feed.Open("Functions");
        using var reader = new StreamReader(archive.GetEntry(packed)!.Open());

        Assert.Equal(File.ReadAllText(Checkout.PathOf(["src", "Functions", .. source.Split('/')])), reader.ReadToEnd());
    }

    private static string Attribute(XElement element, string name) => element.Attribute(name)!.Value;
}
