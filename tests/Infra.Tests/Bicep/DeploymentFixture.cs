using System.Text.Json.Nodes;

namespace Yggdrasil.Infra.Tests.Bicep;

/// <summary>The template, compiled, and two deployments of it: with as little as possible, and with everything.</summary>
public sealed class DeploymentFixture : IAsyncLifetime
{
    public const string Operator = "11111111-1111-1111-1111-111111111111";

    internal JsonNode? Template { get; private set; }

    internal string Diagnostics { get; private set; } = "";

    internal IReadOnlyList<JsonObject> Least { get; private set; } = [];

    internal IReadOnlyList<JsonObject> Most { get; private set; } = [];

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
            "param privateNetwork = true",
            "param durableTaskScheduler = true",
        ]);
        (Template, Diagnostics) = await building;
        Least = await least;
        Most = await most;
    }

    public Task DisposeAsync() => Task.CompletedTask;

    internal IReadOnlyList<JsonObject> Resources(bool most) => most ? Most : Least;
}

[CollectionDefinition(Name)]
public sealed class SharedDeployment : ICollectionFixture<DeploymentFixture>
{
    public const string Name = "deployment";
}
