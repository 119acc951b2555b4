using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Yggdrasil.Infra.Tests.Bicep;

/// <summary>The compiler knows every resource type, API version and property, and every module's parameters and outputs.</summary>
[Collection(SharedDeployment.Name)]
public sealed class TemplateTests(DeploymentFixture deployment)
{
    private static readonly string Folder = Repository.PathOf("infra", "bicep");

    [Fact]
    public void Template_compiles_without_an_error_or_a_warning()
    {
        Assert.Equal("", deployment.Diagnostics);
        Assert.NotNull(deployment.Template);
    }

    [Fact]
    public async Task Mistakes_in_templates_are_noticed()
    {
        (string File, string Right, string Wrong, string Code)[] mistakes =
        [
            ("modules/identity.bicep", "userAssignedIdentities@2024-11-30", "userAssignedIdentities@2099-11-30", "BCP081"),
            ("modules/budget.bicep", "Microsoft.Consumption/budgets", "Microsoft.Consumption/wishes", "BCP081"),
            ("modules/vault.bicep", "enablePurgeProtection: true", "purgeable: false", "BCP037"),
            ("modules/network.bicep", "addressSpace:", "addressSpaces:", "BCP089"),
            ("modules/storage.bicep", "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 12", "BCP036"),
            ("modules/monitoring.bicep", "retentionInDays: retentionDays", "retentionInDays: retention", "BCP057"),
            ("main.bicep", "    amount: monthlyBudget\n", "", "BCP035"),
            ("main.bicep", "    retentionDays: logRetentionDays", "    retention: logRetentionDays", "BCP037"),
            ("main.bicep", "publicAccess: !privateNetwork", "publicAccess: 'yes'", "BCP036"),
            ("main.bicep", "scheduler!.outputs.endpoint", "scheduler!.outputs.address", "BCP053"),
        ];
        var copy = Directory.CreateTempSubdirectory("yggdrasil-bicep-");
        try
        {
            CopyTo(copy.FullName);
            foreach (var (file, right, wrong, _) in mistakes)
            {
                var broken = Path.Combine(copy.FullName, file);
                var text = await File.ReadAllTextAsync(broken);
                Assert.Contains(right, text, StringComparison.Ordinal);
                await File.WriteAllTextAsync(broken, text.Replace(right, wrong, StringComparison.Ordinal));
            }

            var (_, diagnostics) = await BicepCompiler.BuildAsync(Path.Combine(copy.FullName, "main.bicep"));
            var lines = diagnostics.Split('\n');
            Assert.All(mistakes, mistake => Assert.Contains(lines, line =>
                line.Contains($"{Path.GetFileName(mistake.File)}(", StringComparison.Ordinal) && line.Contains($" {mistake.Code}: ", StringComparison.Ordinal)));
        }
        finally
        {
            copy.Delete(recursive: true);
        }
    }

    [Fact]
    public void Every_module_is_used()
    {
        var main = File.ReadAllText(Path.Combine(Folder, "main.bicep"));
        Assert.All(
            Directory.EnumerateFiles(Path.Combine(Folder, "modules")).Select(Path.GetFileName),
            module => Assert.Contains($"'modules/{module}'", main, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_output_of_a_module_is_used()
    {
        var main = File.ReadAllText(Path.Combine(Folder, "main.bicep"));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Folder, "modules")))
        {
            var symbol = Regex.Match(main, $@"module (\w+) 'modules/{Path.GetFileName(file)}'").Groups[1].Value;
            Assert.All(
                Regex.Matches(File.ReadAllText(file), @"^output (\w+) ", RegexOptions.Multiline).Select(match => match.Groups[1].Value),
                output => Assert.Matches($@"\b{symbol}!?\.outputs\.{output}\b", main));
        }
    }

    [Fact]
    public void Parameters_file_gives_every_required_parameter_and_nothing_unknown()
    {
        var parameters = deployment.Template!["parameters"]!.AsObject();
        var given = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "main.parameters.json")))!["parameters"]!.AsObject();

        Assert.Empty(given.Select(parameter => parameter.Key).Except(parameters.Select(parameter => parameter.Key)));
        Assert.Empty(parameters.Where(parameter => parameter.Value!["defaultValue"] is null).Select(parameter => parameter.Key)
            .Except(given.Select(parameter => parameter.Key)));
    }

    [Fact]
    public void Defaults_of_azd_variables_are_those_of_the_template()
    {
        var parameters = deployment.Template!["parameters"]!.AsObject();
        var given = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "main.parameters.json")))!["parameters"]!.AsObject();
        foreach (var (name, parameter) in given)
        {
            // ${NAME} or ${NAME=default}
            var variable = parameter!["value"]!.GetValue<string>()[2..^1].Split('=', 2);
            var value = variable.ElementAtOrDefault(1) ?? "";
            var own = parameters[name]!["defaultValue"]?.ToString() ?? "";
            Assert.True(string.Equals(own, value, StringComparison.OrdinalIgnoreCase), $"{name} is {own} in main.bicep and {value} by {variable[0]}.");
        }
    }

    [Fact]
    public void Abbreviations_and_roles_are_all_used()
    {
        var templates = string.Concat(Directory.EnumerateFiles(Folder, "*.bicep", SearchOption.AllDirectories).Select(File.ReadAllText));
        Assert.All(Keys("abbreviations.json"), name => Assert.Contains($"abbreviations.{name}}}", templates, StringComparison.Ordinal));
        Assert.All(Keys("roles.json"), name => Assert.Contains($"'{name}'", templates, StringComparison.Ordinal));
    }

    private static void CopyTo(string folder)
    {
        foreach (var path in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, Path.GetRelativePath(Folder, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(path, target);
        }
    }

    private static IEnumerable<string> Keys(string file) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, file)))!.AsObject().Select(pair => pair.Key);
}
