using Yggdrasil.Agents.Files;
using Yggdrasil.Tools.Mcp.Configuration;

namespace Yggdrasil.Tests.Agents.Files;

public sealed class AgentFileToolsTests
{
    [Theory]
    [InlineData("", new[] { "mcp:docs", "mcp:files" })]
    [InlineData("mcp: true", new[] { "mcp:docs", "mcp:files" })]
    [InlineData("mcp: false", new string[0])]
    [InlineData("mcp:\n  exclude: [files]", new[] { "mcp:docs" })]
    [InlineData("mcp: [files/read_file, docs, mcp:docs/search]", new[] { "mcp:files/read_file", "mcp:docs", "mcp:docs/search" })]
    public void Tools_of_servers_are_all_that_are_approved_or_those_that_are_named(string field, string[] expected)
    {
        List<string> problems = [];
        var faults = new FileFaults("one.agent.md", problems);
        var file = FrontMatter.Parse($"---\nname: One\n{field}\n---\n", faults)!;
        var options = new McpOptions { Servers = [new McpServerOptions { Name = "files" }, new McpServerOptions { Name = "docs" }] };

        var named = new AgentFileTools([], options).Read(new YamlFields(file.Fields, faults, (text, _) => text), "one", []);

        Assert.Equal(expected, named.Tools);
        Assert.Empty(problems);
    }
}
