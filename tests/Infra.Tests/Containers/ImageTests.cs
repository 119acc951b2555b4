using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using k8s;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Infra.Tests.Containers;

public sealed partial class ImageTests
{
    private static readonly string Dockerfile = Repository.Read("Dockerfile");

    [Fact]
    public void Image_is_the_Functions_host_for_the_framework_that_the_app_is_built_for()
    {
        var framework = Framework().Match(Repository.Read("Directory.Build.props")).Groups[1].Value;
        var images = From().Matches(Dockerfile).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal([$"mcr.microsoft.com/dotnet/sdk:{framework}", $"mcr.microsoft.com/azure-functions/dotnet-isolated:4-dotnet-isolated{framework}"], images);
    }

    [Fact]
    public void Image_does_not_run_as_root_and_listens_where_others_than_root_may()
    {
        var last = Dockerfile[Dockerfile.LastIndexOf("\nFROM ", StringComparison.Ordinal)..];
        Assert.Matches(@"\nUSER [1-9]\d*:[1-9]\d*\n", last);
        Assert.True(int.Parse(Regex.Match(last, @"ASPNETCORE_URLS=http://\+:(\d+)").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) >= 1024);
    }

    [Fact]
    public void What_is_copied_into_the_build_is_there_and_not_ignored()
    {
        var kept = File.ReadLines(Repository.PathOf(".dockerignore")).Where(line => line.StartsWith('!')).Select(line => line[1..].Replace("/**", "", StringComparison.Ordinal)).ToList();
        var copied = Copy().Matches(Dockerfile).SelectMany(match => match.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries)[..^1])
            .Select(path => path.TrimEnd('/')).ToList();
        Assert.NotEmpty(copied);
        Assert.All(copied, path => Assert.True(Path.Exists(Repository.PathOf(path)), path));
        Assert.All(copied, path => Assert.Contains(kept, one => path == one || path.StartsWith($"{one}/", StringComparison.Ordinal)));
        // Every project that the app refers to comes along.
        var references = ProjectReference().Matches(Repository.Read("src", "Functions", "Functions.csproj")).Select(match => match.Groups[1].Value);
        Assert.All(references, reference => Assert.Contains(Path.GetDirectoryName($"src/Functions/{reference}")!.Replace("Functions/../", "", StringComparison.Ordinal), copied));
    }

    [Theory]
    [InlineData(200, 0)]
    [InlineData(503, 1)]
    public async Task Health_check_says_whether_the_app_lives(int status, int exitCode)
    {
        var asked = new List<string>();
        await using var app = await LoopbackServer.StartAsync(async (context, cancellationToken) =>
        {
            asked.Add(context.Request.Path);
            context.Response.StatusCode = status;
            await context.Response.WriteAsync("{}", cancellationToken);
        });
        var command = HealthCheck();
        var result = await Tool.RunAsync(command[0], [command[1], command[2].Replace("/8080", $"/{app.Address.Port}", StringComparison.Ordinal)]);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal(["/live"], asked);
    }

    [Fact]
    public async Task Health_check_fails_where_nobody_listens()
    {
        var command = HealthCheck();
        var result = await Tool.RunAsync(command[0], [command[1], command[2].Replace("/8080", "/1", StringComparison.Ordinal)]);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public void Compose_starts_the_app_on_loopback_with_settings_that_it_accepts()
    {
        var agents = Service("agents");
        Assert.Equal(["127.0.0.1:7071:8080"], ((List<object>)agents["ports"]).Cast<string>());
        var environment = ((IDictionary<object, object>)agents["environment"]).ToDictionary(pair => (string)pair.Key, pair => (string?)pair.Value);
        Assert.True(environment.Remove("AZURE_FUNCTIONS_ENVIRONMENT", out var name));
        ProductSettings.Validate(environment, name!);
        Assert.Equal(Environments.Development, name);
    }

    [Fact]
    public void Compose_has_the_same_storage_emulator_as_LocalHost()
    {
        var version = JsonNode.Parse(Repository.Read("tools", "azurite", "package.json"))!["dependencies"]!["azurite"]!.GetValue<string>();
        Assert.Equal($"mcr.microsoft.com/azure-storage/azurite:{version}", Service("azurite")["image"]);
        Assert.Contains("azurite", ((IDictionary<object, object>)Service("agents")["depends_on"]).Keys);
    }

    private static string[] HealthCheck() => JsonSerializer.Deserialize<string[]>(HealthCommand().Match(Dockerfile).Groups[1].Value)!;

    private static IDictionary<object, object> Service(string name)
    {
        var compose = KubernetesYaml.Deserialize<Dictionary<string, object>>(Repository.Read("compose.yaml"));
        return (IDictionary<object, object>)((IDictionary<object, object>)compose["services"])[name];
    }

    [GeneratedRegex(@"<TargetFramework>net([\d.]+)<")]
    private static partial Regex Framework();

    [GeneratedRegex(@"^FROM (\S+)", RegexOptions.Multiline)]
    private static partial Regex From();

    [GeneratedRegex(@"^COPY (?!--from)(.+)$", RegexOptions.Multiline)]
    private static partial Regex Copy();

    [GeneratedRegex(@"<ProjectReference Include=""([^""]+)""")]
    private static partial Regex ProjectReference();

    [GeneratedRegex(@"HEALTHCHECK [^\[]*CMD (\[.+\])")]
    private static partial Regex HealthCommand();
}
