using System.Text.Json;
using System.Text.RegularExpressions;

namespace Yggdrasil.Infra.Tests.Documents;

/// <summary>The files that editors and dev containers read are JSON, and name what is there.</summary>
public sealed partial class EditorFileTests
{
    [Theory]
    [InlineData(".vscode/extensions.json")]
    [InlineData(".vscode/launch.json")]
    [InlineData(".vscode/settings.json")]
    [InlineData(".vscode/tasks.json")]
    [InlineData(".devcontainer/devcontainer.json")]
    [InlineData("src/LocalHost/Properties/launchSettings.json")]
    public void File_is_JSON_and_its_paths_lead_somewhere(string path)
    {
        var text = Repository.Read(path.Split('/'));

        using var document = JsonDocument.Parse(text);
        Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        Assert.DoesNotContain(WorkspacePath().Matches(text).Select(match => match.Groups[1].Value), named => !File.Exists(Repository.PathOf(named.Split('/'))));
    }

    [Fact]
    public void Launch_configurations_start_what_their_task_builds()
    {
        using var launch = JsonDocument.Parse(Repository.Read(".vscode", "launch.json"));
        using var tasks = JsonDocument.Parse(Repository.Read(".vscode", "tasks.json"));
        var labels = tasks.RootElement.GetProperty("tasks").EnumerateArray().Select(task => task.GetProperty("label").GetString());
        var project = Repository.Read("src", "LocalHost", "LocalHost.csproj");

        Assert.All(launch.RootElement.GetProperty("configurations").EnumerateArray(), configuration =>
        {
            Assert.Contains(configuration.GetProperty("preLaunchTask").GetString(), labels);
            var assembly = Path.GetFileNameWithoutExtension(configuration.GetProperty("program").GetString());
            Assert.Contains($"<AssemblyName>{assembly}</AssemblyName>", project, StringComparison.Ordinal);
        });
    }

    /// <summary>Files of the repository; what a build makes is not there before the build.</summary>
    [GeneratedRegex(@"\$\{workspaceFolder\}/((?:(?!/bin/)[^""])+\.\w+)""")]
    private static partial Regex WorkspacePath();
}
