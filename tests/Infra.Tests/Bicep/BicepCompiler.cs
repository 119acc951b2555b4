using System.Text.Json.Nodes;

namespace Yggdrasil.Infra.Tests.Bicep;

/// <summary>The genuine compiler.</summary>
internal static class BicepCompiler
{
    private static readonly string Program = Repository.Metadata("Bicep");

    /// <summary>Compiles a template and its modules.</summary>
    /// <returns>The template as Azure gets it, null if it does not compile, and all errors and warnings.</returns>
    public static async Task<(JsonNode? Template, string Diagnostics)> BuildAsync(string path)
    {
        var result = await Tool.RunAsync(Program, ["build", path, "--stdout"]);
        return (result.ExitCode == 0 ? JsonNode.Parse(result.Output) : null, result.Errors.Trim());
    }

    /// <summary>What a deployment with these parameters would make, worked out without Azure.</summary>
    /// <param name="parameters">Lines of a parameters file.</param>
    public static async Task<IReadOnlyList<JsonObject>> PredictAsync(params string[] parameters)
    {
        // Paths in parameters files are relative, so it has to be near.
        var folder = Directory.CreateDirectory(Repository.PathOf("artifacts", $"bicep-{Guid.NewGuid():N}")).FullName;
        try
        {
            var file = Path.Combine(folder, "main.bicepparam");
            await File.WriteAllLinesAsync(file, ["using '../../infra/bicep/main.bicep'", .. parameters]);
            var result = await Tool.RunAsync(Program,
            [
                "snapshot", file, "--mode", "overwrite", "--location", "swedencentral", "--deployment-name", "main",
                "--subscription-id", "00000000-0000-0000-0000-000000000001", "--tenant-id", "00000000-0000-0000-0000-000000000002",
            ]);
            if (result.ExitCode != 0)
            {
                throw new InvalidOperationException(result.Errors);
            }

            var snapshot = JsonNode.Parse(await File.ReadAllTextAsync(Path.ChangeExtension(file, "snapshot.json")))!;
            return [.. snapshot["predictedResources"]!.AsArray().Select(resource => resource!.AsObject())];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
