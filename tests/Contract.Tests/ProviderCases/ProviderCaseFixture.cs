namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>One LocalHost whose every provider is the <see cref="CaseServer"/>.</summary>
public sealed class ProviderCaseFixture : IAsyncLifetime
{
    private static readonly string[] Providers =
        ["openai", "azure", "anthropic", "gemini", "mistral", "groq", "deepseek", "openrouter", "ollama", "vllm", "lmstudio", "fake"];

    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-cases-").FullName;
    private LocalHostProcess? _host;

    internal CaseServer Server { get; private set; } = null!;

    public HttpClient Http => _host!.Http;

    internal string Output => _host!.Output;

    public async Task InitializeAsync()
    {
        Server = await CaseServer.StartAsync();
        var settings = new Dictionary<string, string>
        {
            ["Limits__RequestsPerMinute"] = "10000",
            ["Providers__fake__Type"] = "openai-compatible",
            ["Providers__deepseek__Type"] = "openai-compatible",
        };
        foreach (var provider in Providers)
        {
            settings[$"Providers__{provider}__Endpoint"] = Server.Endpoint(provider);
            // Rows end in failures on purpose; none may close its provider to the others.
            settings[$"Providers__{provider}__BreakerFailures"] = "1000";
            if (provider != "ollama")
            {
                settings[$"Providers__{provider}__ApiKey"] = $"key-of-{provider}";
            }
        }

        _host = await LocalHostProcess.StartAsync(_data, settings);
    }

    public async Task DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        await Server.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }
}
