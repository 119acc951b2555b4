using System.Text.Json.Nodes;

namespace Yggdrasil.Infra.Tests.Bicep;

/// <summary>The template, compiled, and three deployments of it: with the defaults, with everything, and open to every network with agents of its own.</summary>
public sealed class DeploymentFixture : IAsyncLifetime
{
    public const string Operator = "11111111-1111-1111-1111-111111111111";

    internal JsonNode? Template { get; private set; }

    internal string Diagnostics { get; private set; } = "";

    internal IReadOnlyList<JsonObject> Least { get; private set; } = [];

    internal IReadOnlyList<JsonObject> Most { get; private set; } = [];

    internal IReadOnlyList<JsonObject> Open { get; private set; } = [];

    public async Task InitializeAsync()
    {
        string[] required = ["param environmentName = 'test'", "param location = 'swedencentral'", "param authAudience = 'api://agents'"];
        var building = BicepCompiler.BuildAsync(Repository.PathOf("infra", "bicep", "main.bicep"));
        var least = BicepCompiler.PredictAsync(required);
        var most = BicepCompiler.PredictAsync(
        [
            .. required,
            $"param principalId = '{Operator}'",
            "param alertEmail = 'operator@example.com'",
            "param azureOpenAiEndpoint = 'https://models.openai.azure.com'",
            "param operatorIps = '203.0.113.7, 198.51.100.0/24'",
            "param appSettings = 'Auth__RequiredScopes__0=access;Limits__TokensPerDay=100000; Limits__CostPerDayUsd = 5;Agents__0__Description=1+1=2'",
            "param durableTaskScheduler = true",
        ]);
        var open = BicepCompiler.PredictAsync([.. required, "param privateNetwork = false", "param defaultModel = 'none'"]);
        (Template, Diagnostics) = await building;
        Least = await least;
        Most = await most;
        Open = await open;
    }

    public Task DisposeAsync() => Task.CompletedTask;

    internal IReadOnlyList<JsonObject> Resources(bool most) => most ? Most : Least;
}

[CollectionDefinition(Name)]
public sealed class SharedDeployment : ICollectionFixture<DeploymentFixture>
{
    public const string Name = "deployment";
}
