using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>
/// One LocalHost, one model and one outside world that tests share; each test uses an agent of its own. Callers are
/// authenticated in development mode; <see cref="JwtContractFixture"/> does it with tokens.
/// </summary>
public class ContractFixture : IAsyncLifetime
{
    /// <summary>What messages to the channel <c>hook</c> are signed with.</summary>
    internal const string ChannelSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-contract-").FullName;
    private LocalHostProcess? _host;

    public ScriptedModelServer Model { get; private set; } = null!;

    public EffectServer Effects { get; private set; } = null!;

    public HttpClient Http => _host!.Http;

    internal string Output => _host!.Output;

    /// <summary>What the host has used of the processors so far; unlike a clock it does not tell how busy the machine is.</summary>
    internal TimeSpan ProcessorTime => _host!.ProcessorTime;

    /// <summary>A good bearer token.</summary>
    public virtual string Token(string user, params string[] roles) =>
        roles.Length == 0 ? $"dev:{user}" : $"dev:{user}:{roles.Single()}";

    /// <summary>The header that makes a request somebody else's than alice's.</summary>
    public (string Name, string Value) As(string user, params string[] roles) => ("Authorization", $"Bearer {Token(user, roles)}");

    public virtual async Task InitializeAsync()
    {
        Model = await ScriptedModelServer.StartAsync();
        Effects = await EffectServer.StartAsync();
        var settings = Settings(Model, Effects);
        foreach (var (name, value) in AuthSettings())
        {
            settings[name] = value;
        }

        _host = await LocalHostProcess.StartAsync(_data, settings, Token("alice"));
    }

    public virtual async Task DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        await Model.DisposeAsync();
        await Effects.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }

    /// <summary>How the host authenticates; empty leaves it to local.settings.sample.json, which says development mode.</summary>
    protected virtual IReadOnlyDictionary<string, string> AuthSettings() => new Dictionary<string, string>();

    /// <summary>The settings under which LocalHost asks the scripted model and may reach the scripted world.</summary>
    internal static Dictionary<string, string> Settings(ScriptedModelServer model, EffectServer effects) => new()
    {
        ["Providers__openai__Endpoint"] = model.Endpoint,
        ["Providers__openai__ApiKey"] = "sk-test",
        ["Prices__0__Model"] = "openai:priced",
        ["Prices__0__InputPerMillion"] = "2.50",
        ["Prices__0__OutputPerMillion"] = "10",
        ["Prices__0__CachedInputPerMillion"] = "1.25",
        ["Prices__0__CacheWritePerMillion"] = "3.00",
        ["Tools__Http__AllowedHosts__0"] = effects.Authority,
        ["Tools__Http__AllowPrivateNetworks"] = "true",
        ["Notifications__PublicUrl"] = "https://agents.example.com",
        ["Notifications__Channels__hook__Url"] = new Uri(effects.Address, "/channels/hook").AbsoluteUri,
        ["Notifications__Channels__hook__Secret"] = ChannelSecret,
        ["Notifications__Channels__slack__Type"] = "Slack",
        ["Notifications__Channels__slack__Url"] = new Uri(effects.Address, "/channels/slack").AbsoluteUri,
        ["Notifications__Channels__teams__Type"] = "Teams",
        ["Notifications__Channels__teams__Url"] = new Uri(effects.Address, "/channels/teams").AbsoluteUri,
    };

    /// <summary>Defines an agent on the scripted model and answers its id.</summary>
    public async Task<string> PutAgentAsync(object? definition = null)
    {
        var id = $"a{Guid.NewGuid():N}";
        definition ??= new { model = "openai:scripted", tools = new[] { "calculator", "clock", "http_get", "http_post" } };
        using var response = await Http.SendJsonAsync(
            HttpMethod.Put, $"/api/agents/{id}", System.Text.Json.JsonSerializer.Serialize(definition));
        response.EnsureSuccessStatusCode();
        return id;
    }
}

// Tests of a collection share a host, whose model they script, and so run one after the other; collections run side by side.

/// <summary>The host of what belongs to none of the others: agents, wrong requests, the published contract.</summary>
[CollectionDefinition(Name)]
public sealed class SharedLocalHost : ICollectionFixture<ContractFixture>
{
    public const string Name = "contract";
}

/// <summary>The host of runs and their events.</summary>
[CollectionDefinition(Name)]
public sealed class RunsHost : ICollectionFixture<ContractFixture>
{
    public const string Name = "contract of runs";
}

/// <summary>The host of conversations, batches, queued prompts and callbacks.</summary>
[CollectionDefinition(Name)]
public sealed class WorkHost : ICollectionFixture<ContractFixture>
{
    public const string Name = "contract of work";
}

/// <summary>The host of users, what they may do, and what they may use up.</summary>
[CollectionDefinition(Name)]
public sealed class UsersHost : ICollectionFixture<ContractFixture>
{
    public const string Name = "contract of users";
}
