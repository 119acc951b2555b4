using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Identity;
using Yggdrasil.Protection.Secrets;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using Yggdrasil.Tools.Egress;
using Yggdrasil.Tools.Mcp;
using Yggdrasil.Tools.Mcp.Configuration;
using Yggdrasil.Tools.Mcp.Pinning;
using Yggdrasil.Tools.Mcp.Transport;

namespace Yggdrasil.Tests.Tools.Mcp;

/// <summary>One instance with MCP servers; several of them share an Azurite.</summary>
internal sealed class McpHost : IAsyncDisposable
{
    public static readonly Caller Operator = new(new Owner("dev", "olga"), new HashSet<string> { Caller.OperatorRole });

    private readonly IReadOnlyDictionary<string, string?> _settings;

    public McpHost(AzuriteFixture azurite, FakeTimeProvider time, IReadOnlyDictionary<string, string?>? settings = null, params McpServerOptions[] servers)
    {
        _settings = settings ?? new Dictionary<string, string?>();
        Time = time;
        (var storage, var vault, Requests) = azurite.Connect();
        Store = new McpToolStore(storage, vault, time);
        Tools = new McpTools(servers.Select(Create), new ToolCatalog([]), time, NullLogger<McpTools>.Instance);
        Service = new McpServerService(Tools, Store, NullLogger<McpServerService>.Instance);
    }

    public FakeTimeProvider Time { get; }

    public RequestCount Requests { get; }

    public RecordedLog<McpTools> Log { get; } = new();

    public McpToolStore Store { get; }

    public McpTools Tools { get; }

    public McpServerService Service { get; }

    /// <summary>A server of a name of its own, at an address of this machine.</summary>
    public static McpServerOptions At(Uri address, Action<McpServerOptions>? change = null)
    {
        var options = new McpServerOptions { Name = $"s{Guid.NewGuid():N}"[..12], Url = address.AbsoluteUri };
        change?.Invoke(options);
        return options;
    }

    /// <summary>Has the operator look at a server and approve all that it offers.</summary>
    public async Task ApproveAllAsync(string server)
    {
        foreach (var tool in await Service.ListToolsAsync(Operator, server, CancellationToken.None))
        {
            await Service.ApproveAsync(Operator, server, tool.Name, tool.Hash, CancellationToken.None);
        }
    }

    public async Task<McpToolPin> PinAsync(string listed) =>
        Assert.Single((await Tools.PinAsync([listed], 64, CancellationToken.None))!);

    /// <summary>Calls as the loop does: prepared, judged, and invoked where nothing stands against it.</summary>
    public async Task<string> CallAsync(McpToolPin pin, string arguments = "{}")
    {
        await Tools.PrepareAsync([pin], toCall: true, CancellationToken.None);
        if (Tools.Obstacle(pin) is { } obstacle)
        {
            return $"refused: {obstacle}";
        }

        try
        {
            var tool = Tools.Find(pin)!;
            var parsed = new ToolArguments().Validate(tool, System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, object?>>(arguments));
            Assert.Empty(parsed.Errors);
            return await tool.InvokeAsync(parsed.Arguments, ToolHost.Context, null!, CancellationToken.None);
        }
        catch (ToolException failure)
        {
            return $"failed: {failure.Message}";
        }
    }

    public ValueTask DisposeAsync() => Tools.DisposeAsync();

    private McpServer Create(McpServerOptions server)
    {
        var secrets = new SettingSecrets(new ConfigurationBuilder().AddInMemoryCollection(_settings).Build());
        var handler = McpHttp.CreateHandler(server, new DnsHostResolver(), isDevelopment: true);
        var tokens = new McpTokens(
            server, secrets, () => throw new InvalidOperationException("No identity here."), new HttpMessageInvoker(handler, disposeHandler: false), Time);
        return new McpServer(server, new McpConnection(server, McpHttp.CreateClient(handler, tokens)), Store, Time, Log);
    }
}
