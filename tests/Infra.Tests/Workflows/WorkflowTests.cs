using System.Text.RegularExpressions;
using k8s;

namespace Yggdrasil.Infra.Tests.Workflows;

public partial class WorkflowTests
{
    private static readonly IReadOnlyDictionary<string, string> Workflows = Directory
        .EnumerateFiles(Repository.PathOf(".github", "workflows")).ToDictionary(path => Path.GetFileName(path), File.ReadAllText);

    [Fact]
    public async Task Workflows_are_valid()
    {
        var texts = Workflows.ToDictionary(workflow => $".github/workflows/{workflow.Key}", workflow => workflow.Value);
        texts.Add(".github/workflows/wrong.yml", "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.nothing }}\n");
        var found = await NodeChecks.RunAsync<Dictionary<string, string[]>>("workflows.mjs", texts);

        Assert.NotEmpty(found[".github/workflows/wrong.yml"]);
        found.Remove(".github/workflows/wrong.yml");
        Assert.Equal(["ci.yml", "codeql.yml", "deploy.yml", "release.yml"], Workflows.Keys.Order());
        Assert.All(found, workflow => Assert.True(workflow.Value.Length == 0, $"{workflow.Key}: {string.Join(' ', workflow.Value)}"));
    }

    [Fact]
    public void Actions_are_pinned_to_a_commit_and_say_which_version_it_is() => Assert.All(
        Workflows.Values.SelectMany(text => Uses().Matches(text)).Select(match => match.Groups[1].Value).Where(action => !action.StartsWith("./", StringComparison.Ordinal)),
        action => Assert.Matches(@"^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", action));

    [Theory]
    [InlineData(".github/workflows/deploy.yml owner/agents main workflow_dispatch", "7", 0)]
    [InlineData(".github/workflows/ci.yml owner/agents main workflow_dispatch", "7", 1)]
    [InlineData(".github/workflows/deploy.yml stranger/agents main workflow_dispatch", "7", 1)]
    [InlineData(".github/workflows/deploy.yml owner/agents feature workflow_dispatch", "7", 1)]
    [InlineData(".github/workflows/deploy.yml owner/agents main pull_request", "7", 1)]
    [InlineData(".github/workflows/deploy.yml owner/agents main workflow_dispatch", "7/../8", 1)]
    public async Task Package_of_another_workflow_repository_branch_or_event_is_not_deployed(string run, string number, int exitCode)
    {
        var workflow = KubernetesYaml.Deserialize<Dictionary<string, object>>(Workflows["deploy.yml"]);
        var package = (IDictionary<object, object>)((IDictionary<object, object>)workflow["jobs"])["package"];
        var step = ((List<object>)package["steps"]).Cast<IDictionary<object, object>>()
            .Single(one => one.TryGetValue("name", out var name) && (string)name == "The run is one of this workflow, repository and branch");
        var folder = Directory.CreateTempSubdirectory("yggdrasil-rollback-");
        try
        {
            var gh = Path.Combine(folder.FullName, "gh");
            await File.WriteAllTextAsync(gh, $"#!/bin/sh\necho '{run}'\n");
            await Tool.RunAsync("chmod", ["+x", gh]);

            var result = await Tool.RunAsync("sh", ["-e", "-c", (string)step["run"]], environment: new Dictionary<string, string>
            {
                ["PATH"] = $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}",
                ["ROLLBACK_RUN"] = number,
                ["GITHUB_REPOSITORY"] = "owner/agents",
                ["GITHUB_REF_NAME"] = "main",
            });

            Assert.Equal(exitCode, result.ExitCode);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("swedencentral", 0, "offers Flex Consumption")]
    [InlineData("Sweden Central", 0, "offers Flex Consumption")]
    [InlineData("mooncentral", 1, "swedencentral eastus")]
    [InlineData("eastus", 1, "does not run .NET 10")]
    public async Task Region_without_what_the_app_runs_on_is_named_before_anything_is_made(string region, int exitCode, string said)
    {
        var folder = Directory.CreateTempSubdirectory("yggdrasil-region-");
        try
        {
            var az = Path.Combine(folder.FullName, "az");
            await File.WriteAllTextAsync(az, """
                #!/bin/sh
                case "$*" in
                  *list-flexconsumption-locations*) printf 'Sweden Central\nEast US\n' ;;
                  *"--location eastus "*) printf '8.0\n9.0\n' ;;
                  *list-flexconsumption-runtimes*) printf '8.0\n10.0\n' ;;
                esac
                """.ReplaceLineEndings("\n"));
            await Tool.RunAsync("chmod", ["+x", az]);

            var result = await Tool.RunAsync("sh", [Repository.PathOf("infra", "scripts", "check-region.sh")], environment: new Dictionary<string, string>
            {
                ["PATH"] = $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}",
                ["AZURE_LOCATION"] = region,
            });

            Assert.Equal(exitCode, result.ExitCode);
            Assert.Contains(said, result.Output + result.Errors, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Workflows_may_do_only_what_they_say_and_keep_no_secret() => Assert.All(Workflows.Values, text =>
    {
        Assert.Contains("\npermissions:\n  contents: read\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secrets.", text, StringComparison.Ordinal);
    });

    [Fact]
    public void Deployment_gives_every_variable_that_has_no_default()
    {
        var required = Variable().Matches(Repository.Read("infra", "bicep", "main.parameters.json"))
            .Select(match => match.Groups[1].Value).Where(name => !name.Contains('=', StringComparison.Ordinal)).ToList();
        Assert.Contains("AUTH_AUDIENCE", required);
        Assert.All(required, name => Assert.Contains($"\n      {name}: ", Workflows["deploy.yml"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task Scripts_are_valid_shell()
    {
        var result = await Tool.RunAsync("sh", ["-n", Repository.PathOf("infra", "scripts", "ensure-content-key.sh")]);
        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
        result = await Tool.RunAsync("sh", ["-n", Repository.PathOf("infra", "scripts", "check-region.sh")]);
        Assert.Equal((0, ""), (result.ExitCode, result.Errors));
    }

    [GeneratedRegex(@"uses: (.+)")]
    private static partial Regex Uses();

    [GeneratedRegex(@"\$\{([^}]+)\}")]
    private static partial Regex Variable();
}
