using System.Text.Json;
using Yggdrasil.Contract.Tests;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Client.Tests;

/// <summary>LocalHost on one port with data that outlive it, the servers that it calls, and clients of it.</summary>
public sealed class ClientHost : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-client-").FullName;
    private readonly string _url = $"http://127.0.0.1:{LoopbackPorts.Unused()}";
    private LocalHostProcess _process = null!;

    public ScriptedModelServer Model { get; private set; } = null!;

    public EffectServer Effects { get; private set; } = null!;

    public Uri Address => new(_url);

    /// <summary>Of the process that runs now, as alice.</summary>
    internal LocalHostProcess Process => _process;

    public async Task InitializeAsync()
    {
        Model = await ScriptedModelServer.StartAsync();
        Effects = await EffectServer.StartAsync();
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _process.DisposeAsync();
        await Model.DisposeAsync();
        await Effects.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }

    /// <summary>A client that comes back for minutes: how long a start takes says nothing of what is tested.</summary>
    public YggdrasilClient NewClient(string token = "dev:alice", Uri? address = null) =>
        new(new YggdrasilClientOptions { Address = address ?? Address, ApiKey = token, MaxRetryAttempts = 60 });

    /// <summary>Kills the process and starts another on the same port over the same data.</summary>
    public async Task RestartAsync()
    {
        await _process.KillAsync();
        await _process.DisposeAsync();
        await StartAsync();
    }

    /// <summary>An agent on the scripted model.</summary>
    public async Task<string> PutAgentAsync(AgentDefinition? definition = null)
    {
        using var client = NewClient();
        return (await client.Agents.PutAsync($"a{Guid.NewGuid():N}", definition ?? new AgentDefinition { Model = "openai:scripted" })).Id;
    }

    /// <summary>Arguments for http_post, and how often it was really made with them.</summary>
    public (string Arguments, Func<int> Count) NewEffect()
    {
        var path = $"/{Guid.NewGuid():N}";
        return (JsonSerializer.Serialize(new { url = new Uri(Effects.Address, path).ToString(), body = "x" }), () => Effects.Count("POST", path));
    }

    private async Task StartAsync()
    {
        var settings = ContractFixture.Settings(Model, Effects);

        // Soon, and yet not so soon that a busy machine loses the lease of a run that nobody killed.
        settings["Runs__LeaseSeconds"] = "12";
        _process = await LocalHostProcess.StartAsync(_data, settings, url: _url);
    }
}

/// <summary>The host that tests share which leave it running; they run one after the other, because they share its model.</summary>
[CollectionDefinition(Name)]
public sealed class SharedHost : ICollectionFixture<ClientHost>
{
    public const string Name = "client";
}
