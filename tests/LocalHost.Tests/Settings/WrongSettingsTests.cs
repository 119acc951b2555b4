using System.Diagnostics;

namespace Yggdrasil.LocalHost.Tests.Settings;

/// <summary>The program itself, started with settings that are wrong.</summary>
public sealed class WrongSettingsTests : IDisposable
{
    private const string Canary = "canary";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_wrong_setting_is_named_in_one_start_without_a_value_or_a_stack_trace()
    {
        var (exitCode, output, error) = await StartAsync(
            ("Runs__SliceSeconds", "abc"),
            ("Runs__LeaseSeconds", "1"),
            ("Runs__SliceSecond", "60"),
            ("Protection__Key", "canary-too-short"),
            ("Protection__PreviousKeys__0", "canary, no base64"),
            ("Protection__PreviousKey", "canary"),
            ("KeyVault__Uri", "http://user:canary@vault.example"),
            ("KeyVault__RefreshSeconds", "5"),
            ("KeyVault__Url", "https://canary.vault.azure.net"),
            ("Tools__Http__AllowedHosts__0", "https://user:canary@host.example/"),
            ("Tools__Http__AllowPrivateNetworks", "perhaps"),
            ("Tools__Http__AllowedHost", "canary.example"),
            ("Tools__Htp__AllowedHosts__0", "canary.example"),
            ("Providers__openai__ApiKey", "canary with spaces"),
            ("Providers__openai__TimeoutSeconds", "soon"),
            ("Providers__openai__Endpont", "https://canary.example"),
            ("Providers__acme__Endpoint", "https://canary.example"),
            ("Agents__0__Id", "not an id"),
            ("Agents__0__Model", "nobody:canary-free"),
            ("Agents__0__MaxTurns", "many"),
            ("Agents__0__Tools__0", "no_such_tool"),
            ("Agents__0__Instruction", "canary"),
            ("Agents__0__Cache__TtlSeconds", "0"),
            ("Agents__0__Cache__Scope", "everybody"),
            ("Prices__0__Model", "openai:canary-free"),
            ("Prices__0__InputPerMillion", "canary"),
            ("Prices__1__Model", "canary-without-provider"),
            ("Prices__1__InputPerMillion", "1"),
            ("Prices__1__OutputPerMillion", "1"),
            ("Cache__MemoryMegabytes", "0"),
            ("Retention__Days", "3651"),
            ("Retention__Day", "30"),
            ("AzureWebJobsStorage", "AccountName=x;AccountKey=canary"),
            ("LocalHost__Chaos__DropNextEvents", "all"),
            ("LocalHost__DataPat", "canary"),
            ("ASPNETCORE_URLS", "canary"));

        Assert.Equal(1, exitCode);
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.EndsWith("settings have to be put right:", lines[0], StringComparison.Ordinal);
        Assert.Equal(Expected.Order(StringComparer.Ordinal), lines[1..]);
        Assert.DoesNotContain(Canary, error + output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error + output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Single_wrong_setting_is_said_in_the_singular()
    {
        var (exitCode, _, error) = await StartAsync(("Runs__SliceSeconds", "0"));

        Assert.Equal(1, exitCode);
        Assert.Equal(
            ["1 setting has to be put right:", "Runs__SliceSeconds must be between 1 and 600."],
            error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    [Fact]
    public async Task Secrets_of_dotnet_user_secrets_are_settings_too()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder.FullPath, "Microsoft", "UserSecrets", "yggdrasil-functions"));
        await File.WriteAllTextAsync(
            Path.Combine(folder.FullName, "secrets.json"), """{ "Providers:openai:ApiKey": "canary with spaces" }""");

        var (exitCode, output, error) = await StartAsync(("APPDATA", _folder.FullPath));

        Assert.Equal(1, exitCode);
        Assert.Contains("Providers__openai__ApiKey must be visible ASCII", error, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, error + output, StringComparison.Ordinal);
    }

    private static readonly string[] Expected =
    [
        "ASPNETCORE_URLS (or --urls) must hold addresses such as http://127.0.0.1:7071, separated by semicolons.",
        "Agents__0__Cache__Scope must be one of User, Agent.",
        "Agents__0__Cache__TtlSeconds: Must be between 1 and 86400.",
        "Agents__0__Id: Must be [A-Za-z0-9][A-Za-z0-9_-]{0,63}.",
        "Agents__0__Instruction is no setting: did you mean Agents__0__Instructions?",
        "Agents__0__MaxTurns must be a whole number.",
        "Agents__0__Model: There is no provider \"nobody\". Providers: acme, anthropic, azure, bedrock, cohere, deepseek, demo, fireworks, gemini, groq, llamacpp, lmstudio, mistral, ollama, openai, openrouter, perplexity, together, vllm, xai.",
        "Agents__0__Tools__0: There is no tool \"no_such_tool\". GET /api/tools lists them.",
        "AzureWebJobsStorage is not a storage connection string (its value is not shown).",
        "Cache__MemoryMegabytes must be between 1 and 16384.",
        "KeyVault__RefreshSeconds must be between 10 and 86400.",
        "KeyVault__Uri must be the https address of a vault, such as https://name.vault.azure.net.",
        "KeyVault__Url is no setting: did you mean KeyVault__Uri?",
        "LocalHost__Chaos__DropNextEvents must be a whole number.",
        "LocalHost__DataPat is no setting: did you mean LocalHost__DataPath?",
        "Prices__0__InputPerMillion must be a number.",
        "Prices__1__Model must be provider:model, for example openai:gpt-4.1.",
        "Protection__Key must be the Base64 of 32 random bytes (for example: openssl rand -base64 32).",
        "Protection__PreviousKey is no setting: did you mean Protection__PreviousKeys?",
        "Protection__PreviousKeys__0 must be the Base64 of 32 random bytes (for example: openssl rand -base64 32).",
        "Providers__acme__Type is missing: it must be one of openai-compatible, openai, azure, anthropic, ollama.",
        "Providers__openai__ApiKey must be visible ASCII without spaces (its value is not shown).",
        "Providers__openai__Endpont is no setting: did you mean Providers__openai__Endpoint?",
        "Providers__openai__TimeoutSeconds must be a whole number from 1 to 3600.",
        "Retention__Day is no setting: did you mean Retention__Days?",
        "Retention__Days must be between 0 and 3650.",
        "Runs__LeaseSeconds must be between 3 and 300.",
        "Runs__SliceSecond is no setting: did you mean Runs__SliceSeconds?",
        "Runs__SliceSeconds must be a whole number.",
        "Tools__Http__AllowPrivateNetworks must be true or false.",
        "Tools__Http__AllowedHost is no setting: did you mean Tools__Http__AllowedHosts?",
        "Tools__Http__AllowedHosts__0 must be one exact host with an optional port, such as api.example.com or api.example.com:8443.",
        "Tools__Htp is no setting: did you mean Tools__Http?",
    ];

    private async Task<(int ExitCode, string Output, string Error)> StartAsync(params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Yggdrasil.LocalHost.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var variable in (string[])["ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "ASPNETCORE_URLS", "AzureWebJobsStorage"])
        {
            start.Environment.Remove(variable);
        }

        start.Environment["LocalHost__DataPath"] = _folder.FullPath;
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(Patience);
        return (process.ExitCode, await output, await error);
    }
}
