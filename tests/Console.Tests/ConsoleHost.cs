using Yggdrasil.Contract.Tests;

namespace Yggdrasil.Console.Tests;

/// <summary>The host, the scripted model and, where there is one, the browser that the tests of the console share.</summary>
public sealed class ConsoleHost : ContractFixture
{
    public Browser Browser { get; } = new();

    /// <summary>What has no problem details and is not of the contract is asked without its checks.</summary>
    public HttpClient Plain { get; private set; } = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Plain = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Http.BaseAddress };
        await Browser.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        Plain.Dispose();
        await Browser.DisposeAsync();
        await base.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class SharedConsole : ICollectionFixture<ConsoleHost>
{
    public const string Name = "console";
}
