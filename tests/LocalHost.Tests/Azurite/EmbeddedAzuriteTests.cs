using Yggdrasil.LocalHost.Azurite;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Tests.Azurite;

/// <summary>Azurite as an app gets it that references the package and lies in no checkout.</summary>
public sealed class EmbeddedAzuriteTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Files_are_those_of_the_checkout()
    {
        var folder = EmbeddedAzurite.Extract(_home.FullPath);

        foreach (var path in new[] { "package.json", "package-lock.json", "run.mjs", "no-telemetry/package.json", "no-telemetry/index.js" })
        {
            Assert.Equal(File.ReadAllText(Path.Combine(AzuriteFixture.ToolsPath, path)), File.ReadAllText(Path.Combine(folder, path)));
        }
    }

    [Fact]
    public void Second_start_finds_the_folder_of_the_first()
    {
        var installed = Path.Combine(EmbeddedAzurite.Extract(_home.FullPath), "package-lock.json");
        var written = File.GetLastWriteTimeUtc(installed);

        Assert.Equal(Path.GetDirectoryName(installed), EmbeddedAzurite.Extract(_home.FullPath));
        Assert.Equal(written, File.GetLastWriteTimeUtc(installed));
    }

    [Fact]
    public void Folder_that_cannot_be_written_is_told_with_the_remedy()
    {
        var refused = Assert.Throws<LocalHostException>(() => EmbeddedAzurite.Extract(_home.Write("file", "in the way")));

        Assert.Contains("LocalHost__AzuritePath", refused.Message, StringComparison.Ordinal);
    }
}
