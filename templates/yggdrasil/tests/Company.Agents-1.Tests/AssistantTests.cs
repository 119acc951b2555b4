using System.Net.Http.Json;
using System.Text.Json;
using Yggdrasil.LocalHost;

namespace Company.Agents_1.Tests;

/// <summary>The agent over HTTP, with its real tools. The scripted model calls a tool whose name is in the input.</summary>
public sealed class AssistantTests : IAsyncLifetime
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("agents-");
    private LocalApp _app = null!;

    public async Task InitializeAsync() => _app = await LocalApp.StartAsync(
        ["--urls=http://127.0.0.1:0", $"--LocalHost:DataPath={_data.FullName}", "--Auth:Mode=Development"],
        services => services.AddOwnTools(),
        typeof(OwnTools).Assembly);

    public async Task DisposeAsync()
    {
        await _app.DisposeAsync();
        _data.Delete(recursive: true);
    }

    [Fact]
    public async Task Agent_finds_an_order_by_its_number()
    {
        using var http = new HttpClient { BaseAddress = _app.Address };
        http.DefaultRequestHeaders.Add("Prefer", "wait=30");

        using var response = await http.PostAsJsonAsync("/api/agents/assistant/runs", new { input = """call find_order {"number":"A-1042"}""" });
        var run = await response.Content.ReadFromJsonAsync<JsonElement>();

        Assert.Equal("completed", run.GetProperty("status").GetString());
        Assert.Contains("shipped", run.GetProperty("output").GetString(), StringComparison.Ordinal);
    }
}
