using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests.McpServers;

/// <summary>One LocalHost with the demo model and three MCP servers: the reference one, one that tests change, and one that is not there.</summary>
public sealed class McpServersFixture : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-mcp-").FullName;
    private EverythingServer? _everything;
    private LocalHostProcess? _host;

    internal static (string, string) Operator { get; } = ("Authorization", "Bearer dev:root:admin");

    /// <summary>Offers, from the start on, <c>read</c>, which says that it is for reading, and <c>write</c>, which does not.</summary>
    public McpToolServer Shifting { get; private set; } = null!;

    public HttpClient Http => _host!.Http;

    internal string Output => _host!.Output;

    public async Task InitializeAsync()
    {
        _everything = await EverythingServer.StartAsync();
        Shifting = await McpToolServer.StartAsync(McpToolServer.Tool("read"), McpToolServer.Tool("write", annotations: "{}"));
        _host = await LocalHostProcess.StartAsync(_data, new Dictionary<string, string>
        {
            ["Mcp__Servers__0__Name"] = "everything",
            ["Mcp__Servers__0__Url"] = _everything.Address,
            ["Mcp__Servers__0__Approvals"] = "Never",
            ["Mcp__Servers__1__Name"] = "shifting",
            ["Mcp__Servers__1__Url"] = Shifting.Address.AbsoluteUri,
            ["Mcp__Servers__1__Auth__Type"] = "Bearer",
            ["Mcp__Servers__1__Auth__Secret"] = "shifting-token",
            ["Mcp__Secrets__shifting_token"] = "s3cret",
            ["Mcp__Servers__2__Name"] = "gone",
            ["Mcp__Servers__2__Url"] = "http://127.0.0.1:9/mcp",
        });
    }

    public async Task DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        if (_everything is not null)
        {
            await _everything.DisposeAsync();
        }

        await Shifting.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }

    /// <summary>An agent of the demo model with these tools.</summary>
    public async Task<string> PutAgentAsync(params string[] tools)
    {
        var id = $"a{Guid.NewGuid():N}";
        using var answer = await Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{id}", JsonSerializer.Serialize(new { model = "demo:assistant", tools }));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return id;
    }

    /// <summary>Has an operator approve a tool as it is.</summary>
    public async Task ApproveAsync(string server, string tool)
    {
        var seen = await ToolAsync(server, tool);
        using var answer = await Http.SendJsonAsync(
            HttpMethod.Post, $"/api/mcp/servers/{server}/tools/{tool}/approve", $$"""{"hash":"{{seen.Text("hash")}}"}""", Operator);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    public async Task<JsonElement> ToolAsync(string server, string tool)
    {
        using var listed = await Http.SendJsonAsync(HttpMethod.Get, $"/api/mcp/servers/{server}/tools?limit=100", "", Operator);
        return Assert.Single((await listed.ReadAsync()).GetProperty("items").EnumerateArray(), item => item.Text("name") == tool);
    }

    /// <summary>Runs an agent to its end, or until it waits.</summary>
    public async Task<JsonElement> RunAsync(string agent, string input)
    {
        using var started = await Http.PostRunAsync(agent, new { input }, ("Prefer", "wait=30"));
        var run = await started.ReadAsync();
        return await Http.RunUntilAsync(run.Text("id"), now => now.Text("status") is "completed" or "failed" or "waiting");
    }
}
