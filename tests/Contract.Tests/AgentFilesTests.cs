using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Agents and skills as files, those of samples/agents.</summary>
public sealed class AgentFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("yggdrasil-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Files_are_agents_that_change_with_them()
    {
        CopySample();
        await using var host = await StartAsync();

        var support = await GetAsync(host, "support");
        Assert.Equal(("configuration", "file", 1), (support.Text("source"), support.Text("configuredBy"), support.GetProperty("version").GetInt32()));
        Assert.Contains("customers of Example Ltd", support.Text("instructions"), StringComparison.Ordinal);
        Assert.Equal(["calculator", "agent:billing"], support.GetProperty("tools").EnumerateArray().Select(tool => tool.GetString()!));
        Assert.Equal(["refunds"], support.GetProperty("skills").EnumerateArray().Select(skill => skill.GetString()!));

        Assert.Contains("Look up the limit", await RunAsync(host, """call read_skill {"skill":"refunds"}"""), StringComparison.Ordinal);
        Assert.Contains("known for a year", await RunAsync(host, """call read_skill {"skill":"refunds","file":"references/limits.md"}"""), StringComparison.Ordinal);
        Assert.DoesNotContain("$COMPANY", await RunAsync(host, """call read_skill {"skill":"refunds","file":"../../agents/support.agent.md"}"""), StringComparison.Ordinal);

        var file = Path.Combine(_folder, "agents", "support.agent.md");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("two or three", "four", StringComparison.Ordinal));
        var changed = await Poll.UntilAsync(() => GetAsync(host, "support"), agent => agent.GetProperty("version").GetInt32() > 1);
        Assert.Contains("in four sentences", changed.Text("instructions"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_names_the_mistakes_of_all_files()
    {
        CopySample();
        await File.WriteAllTextAsync(Path.Combine(_folder, "agents", "support.agent.md"), "---\nname: Support\ndescription: x\nmodell: demo:assistant\n---\nDo.");
        await File.WriteAllTextAsync(Path.Combine(_folder, "agents", "second.agent.md"), "---\nname: Second\ndescription: x\nmodel: nowhere:one\n---\nDo.");
        await File.WriteAllTextAsync(Path.Combine(_folder, "skills", "refunds", "SKILL.md"), "---\nname: other\ndescription: x\n---\nDo.");

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(StartAsync);

        Assert.Contains("agents/support.agent.md:4: modell: There is no such field. Did you mean model?", failure.Message, StringComparison.Ordinal);
        Assert.Contains("agents/second.agent.md:4: model: There is no provider", failure.Message, StringComparison.Ordinal);
        Assert.Contains("skills/refunds/SKILL.md:2: name: Must be the name of its folder, refunds.", failure.Message, StringComparison.Ordinal);
    }

    private Task<LocalHostProcess> StartAsync() => LocalHostProcess.StartAsync(Path.Combine(_folder, "data"), new Dictionary<string, string>
    {
        ["AgentFiles__Folder"] = Path.Combine(_folder, "agents"),
        ["AgentFiles__SkillsFolder"] = Path.Combine(_folder, "skills"),
        ["AgentFiles__RunAs__Tenant"] = "dev",
        ["AgentFiles__RunAs__User"] = "local",
        ["COMPANY"] = "Example Ltd",
    });

    private void CopySample()
    {
        var sample = Checkout.PathOf("samples", "agents");
        foreach (var file in Directory.GetFiles(sample, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(_folder, Path.GetRelativePath(sample, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    private static async Task<JsonElement> GetAsync(LocalHostProcess host, string agent)
    {
        using var answer = await host.Http.GetAsync(new Uri($"/api/agents/{agent}", UriKind.Relative));
        return await answer.ReadAsync();
    }

    /// <returns>The steps of the run, as they are answered.</returns>
    private static async Task<string> RunAsync(LocalHostProcess host, string input)
    {
        using var answer = await host.Http.SendJsonAsync(
            HttpMethod.Post, "/api/agents/support/runs", JsonSerializer.Serialize(new { input }), ("Prefer", "wait=60"));
        var run = await answer.ReadAsync();
        using var steps = await host.Http.GetAsync(new Uri($"/api/runs/{run.Text("id")}/steps", UriKind.Relative));
        return await steps.Content.ReadAsStringAsync();
    }
}
