using Yggdrasil.LocalHost.Azurite;
using Yggdrasil.LocalHost.Settings;

namespace Yggdrasil.LocalHost.Tests.Azurite;

/// <summary>One Azurite for all tests of the collection; each uses names of its own.</summary>
public sealed class AzuriteFixture : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private AzuriteProcess? _azurite;

    public static string ToolsPath => Path.Combine(RepositoryRoot.Find()!, "tools", "azurite");

    public string ConnectionString => _azurite!.ConnectionString;

    public async Task InitializeAsync() => _azurite = await AzuriteProcess.StartAsync(_folder.FullPath, ToolsPath);

    public async Task DisposeAsync() => await _azurite!.DisposeAsync();

    public void Dispose() => _folder.Dispose();
}

[CollectionDefinition(Name)]
public sealed class SharedAzurite : ICollectionFixture<AzuriteFixture>
{
    public const string Name = "Azurite";
}
