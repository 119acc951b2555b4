using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Moq;
using Yggdrasil.Agents.Files;
using Yggdrasil.Fixtures;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Agents.Files;

public sealed class AgentFileWatchTests : IDisposable
{
    private readonly AgentFolderFixture _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Change_of_a_file_is_in_force_in_development()
    {
        _folder.Write("one.agent.md", "tools: false", "First.");
        var agents = _folder.Load();
        using var folders = new AppFolders(_folder.Options);
        using var watch = new AgentFileWatch(folders, _folder.LoadSkills(), agents, In(Environments.Development), NullLogger<AgentFileWatch>.Instance);
        await watch.StartAsync(CancellationToken.None);

        _folder.Write("one.agent.md", "tools: false", "Second.");
        _folder.Write("two.agent.md", "tools: false", "New.");

        await Poll.UntilAsync(() => agents.Find("one")?.Definition.Instructions == "Second." && agents.Find("two") is not null);
    }

    [Fact]
    public async Task File_with_mistakes_leaves_the_agents_as_they_were()
    {
        _folder.Write("one.agent.md", "tools: false", "First.");
        var agents = _folder.Load();
        using var folders = new AppFolders(_folder.Options);
        var log = new RecordedLog<AgentFileWatch>();
        using var watch = new AgentFileWatch(folders, _folder.LoadSkills(), agents, In(Environments.Development), log);
        await watch.StartAsync(CancellationToken.None);

        _folder.Write("one.agent.md", "tuls: false", "Second.");

        await Poll.UntilAsync(() => log.Entries.Any(entry => entry.Text.Contains("agents/one.agent.md:4: tuls", StringComparison.Ordinal)));
        Assert.Equal("First.", agents.Find("one")!.Definition.Instructions);
    }

    private static IHostEnvironment In(string environment) => Mock.Of<IHostEnvironment>(host => host.EnvironmentName == environment);
}
