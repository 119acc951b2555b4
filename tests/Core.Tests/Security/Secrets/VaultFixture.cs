using Azure.Security.KeyVault.Secrets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Tests.Security.Secrets;

/// <summary>The secrets of an app beside a vault, with time and log in the test's hand.</summary>
internal sealed class VaultFixture : IAsyncDisposable
{
    public static readonly SecretName OpenAIKey = SecretName.ApiKey("openai");
    public static readonly SecretName GroqKey = SecretName.ApiKey("groq");

    private readonly IConfigurationRoot _configuration;

    private VaultFixture(FakeVault vault, IConfigurationRoot configuration, SecretClientOptions? options)
    {
        Vault = vault;
        _configuration = configuration;
        Secrets = new VaultSecrets(
            new SettingSecrets(configuration), vault.Reader(options), [OpenAIKey, GroqKey], Time, Log.For<VaultSecrets>());
        Keys = new MasterKeyRing(configuration, Secrets, Time, Log.For<MasterKeyRing>());
    }

    public FakeVault Vault { get; }

    public FakeTimeProvider Time { get; } = new();

    public RecordedLog Log { get; } = new();

    public VaultSecrets Secrets { get; }

    public MasterKeyRing Keys { get; }

    public static async Task<VaultFixture> StartAsync(
        Func<FakeVault, SecretClientOptions>? options = null, params (string Key, string Value)[] settings)
    {
        var vault = await FakeVault.StartAsync();
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build();
        return new VaultFixture(vault, configuration, options?.Invoke(vault));
    }

    /// <summary>Changes a setting as a configuration source that reloads would.</summary>
    public void Reload(string key, string? value)
    {
        _configuration[key] = value;
        _configuration.Reload();
    }

    public Task<bool> RefreshAsync() => Secrets.RefreshAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        Secrets.Dispose();
        await Vault.DisposeAsync();
    }
}

/// <summary>Keeps every line that is logged, at every level, exceptions included.</summary>
internal sealed class RecordedLog
{
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines];
            }
        }
    }

    public ILogger<T> For<T>() => new Logger<T>(this);

    private void Add(string line)
    {
        lock (_lock)
        {
            _lines.Add(line);
        }
    }

    private sealed class Logger<T>(RecordedLog log) : ILogger<T>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Add($"{logLevel}: {formatter(state, exception)} {exception}");
    }
}
