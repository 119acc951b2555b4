using System.Text.RegularExpressions;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>An instance of the app that reaches the tables of another one's Azurite through a proxy, which can fail.</summary>
internal sealed partial class StorageOutageFixture : IAsyncDisposable
{
    private KillableHost _storage = null!;
    private LocalHostProcess _app = null!;

    /// <summary>Of the instance behind the proxy.</summary>
    public HttpClient Http => _app.Http;

    /// <summary>Of the instance that reaches storage as it is.</summary>
    public HttpClient Other => _storage.Http;

    public string Output => _app.Output;

    public ScriptedModelServer Model => _storage.Model;

    public StorageProxy Tables { get; private set; } = null!;

    public static async Task<StorageOutageFixture> StartAsync()
    {
        var fixture = new StorageOutageFixture { _storage = await KillableHost.StartAsync(_ => { }) };
        await fixture.StartAppAsync();
        return fixture;
    }

    /// <summary>Kills the instance behind the proxy, and starts it again over the same data.</summary>
    public async Task RestartAsync()
    {
        await _app.KillAsync();
        await _app.DisposeAsync();
        await StartAppAsync();
    }

    /// <summary>Defines an agent on the scripted model and answers its id.</summary>
    public async Task<string> PutAgentAsync()
    {
        var id = $"a{Guid.NewGuid():N}";
        using var response = await Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{id}", """{ "model": "openai:scripted" }""");
        Assert.True(response.IsSuccessStatusCode, Output);
        return id;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Tables.DisposeAsync();
        await _storage.DisposeAsync();
    }

    private async Task StartAppAsync() => _app = await _storage.StartOtherAsync(settings =>
    {
        var connection = settings["AzureWebJobsStorage"];
        Tables ??= StorageProxy.StartAsync(new Uri(TableEndpoint().Match(connection).Groups[1].Value)).GetAwaiter().GetResult();
        settings["AzureWebJobsStorage"] = TableEndpoint().Replace(connection, $"TableEndpoint={Tables.Address}");
    });

    [GeneratedRegex("TableEndpoint=([^;]+)")]
    private static partial Regex TableEndpoint();
}
