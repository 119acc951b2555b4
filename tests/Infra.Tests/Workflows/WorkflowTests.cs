using System.Text.RegularExpressions;

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
        Assert.Equal(["ci.yml", "deploy.yml"], Workflows.Keys.Order());
        Assert.All(found, workflow => Assert.True(workflow.Value.Length == 0, $"{workflow.Key}: {string.Join(' ', workflow.Value)}"));
    }

    [Fact]
    public void Actions_are_pinned_to_a_major_version_or_a_commit() => Assert.All(
        Workflows.Values.SelectMany(text => Uses().Matches(text)).Select(match => match.Groups[1].Value).Where(action => !action.StartsWith("./", StringComparison.Ordinal)),
        action => Assert.Matches(@"^[\w.-]+/[\w./-]+@(v\d+|[0-9a-f]{40})$", action));

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
    }

    [GeneratedRegex(@"uses: (\S+)")]
    private static partial Regex Uses();

    [GeneratedRegex(@"\$\{([^}]+)\}")]
    private static partial Regex Variable();
}
