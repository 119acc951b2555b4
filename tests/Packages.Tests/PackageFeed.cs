using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Packages.Tests;

/// <summary>A folder with the packages of this build, and an installation of the template from it that nobody else sees.</summary>
public sealed class PackageFeed : IAsyncLifetime
{
    private const string VersionPrefix = "0.0.0-test.";
    private static readonly string[] Libraries = ["Client", "Core", "Functions", "LocalHost"];

    private readonly string _hive;

    public PackageFeed()
    {
        Folder = Directory.CreateTempSubdirectory("yggdrasil-packages-").FullName;
        _hive = Path.Combine(Folder, "templates");
        Packages = Path.Combine(Folder, "packages");
    }

    /// <summary>Where apps are made: its nuget.config names the packages beside the feeds of the machine.</summary>
    public string Folder { get; }

    public string Packages { get; }

    /// <summary>A version of its own each time: the folder in which NuGet unpacks packages keeps what it has under a version.</summary>
    public string Version { get; } = $"{VersionPrefix}{Guid.NewGuid():N}";

    public static string Configuration => Metadata("Configuration");

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(Folder, "nuget.config"), $"""
            <configuration>
              <packageSources><add key="yggdrasil" value="{Packages}" /></packageSources>
            </configuration>
            """);
        foreach (var library in Libraries)
        {
            await PackAsync(Checkout.PathOf("src", library), "--no-build");
        }

        await PackAsync(Checkout.PathOf("templates"));
        await NewAsync("install", PathOf("Templates"));
    }

    public async Task DisposeAsync()
    {
        var unpacked = Libraries.Select(library => Path.Combine(Metadata("PackageFolder"), $"yggdrasil.{library}".ToLowerInvariant(), Version));
        foreach (var folder in unpacked.Append(Folder).Where(Directory.Exists))
        {
            await Poll.UntilAsync(() => IsDeleted(folder));
        }
    }

    /// <summary><c>dotnet new</c> with these arguments.</summary>
    public Task<string> NewAsync(params string[] arguments) => Programs.RunAsync(Folder, "dotnet", ["new", .. arguments, "--debug:custom-hive", _hive]);

    /// <param name="package">What follows <c>Yggdrasil.</c></param>
    /// <param name="extension"><c>nupkg</c>, or <c>snupkg</c> for the symbols.</param>
    public string PathOf(string package, string extension = "nupkg") => Path.Combine(Packages, $"Yggdrasil.{package}.{Version}.{extension}");

    public ZipArchive Open(string package, string extension = "nupkg") => ZipFile.OpenRead(PathOf(package, extension));

    /// <summary>What the package says of itself, by element.</summary>
    public ILookup<string, XElement> Manifest(string package)
    {
        using var archive = Open(package);
        using var stream = archive.GetEntry($"Yggdrasil.{package}.nuspec")!.Open();
        return XDocument.Load(stream).Descendants().ToLookup(element => element.Name.LocalName);
    }

    /// <summary>Azurite ends a moment after the app that was killed, and writes until then.</summary>
    private static bool IsDeleted(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private Task<string> PackAsync(string project, params string[] options) => Programs.RunAsync(
        Folder, "dotnet", ["pack", project, "--configuration", Configuration, "--output", Packages, "--nologo", "--verbosity", "quiet", $"-p:MinVerVersionOverride={Version}", .. options]);

    private static string Metadata(string key) => typeof(PackageFeed).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}

[CollectionDefinition(Name)]
public sealed class SharedFeed : ICollectionFixture<PackageFeed>
{
    public const string Name = "packages";
}
