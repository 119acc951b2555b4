using Microsoft.Extensions.AI;
using Yggdrasil.Tools;
using Yggdrasil.Tools.Mcp;
using Yggdrasil.Tools.Mcp.Configuration;

namespace Yggdrasil.Tests.Tools.Mcp;

/// <summary>How definitions and models name the tools of servers.</summary>
public sealed class McpEntriesTests
{
    [Theory]
    [InlineData("mcp:files", null)]
    [InlineData("mcp:files/read_file", null)]
    [InlineData("mcp:files/a/b.c", null)]
    [InlineData("mcp:files/", "Write mcp:")]
    [InlineData("mcp:files/r\u0435ad", "Write mcp:")]
    [InlineData("mcp:other/read", "There is no MCP server \"other\". Servers: files, own.")]
    [InlineData("mcp:own/read", "Models would take it for the tool \"own__read\".")]
    [InlineData("mcp:own", "Models would take it for the tool \"own__read\".")]
    [InlineData("mcp:own/other", null)]
    public void Entry_is_judged_by_the_settings_alone(string listed, string? fault)
    {
        var tool = new AgentTool
        {
            Declaration = AIFunctionFactory.CreateDeclaration("own__read", "A tool of this app.", JsonSchema()), InvokeAsync = (_, _, _, _) => Task.FromResult(""),
        };
        var options = new McpOptions { Servers = [new McpServerOptions { Name = "files" }, new McpServerOptions { Name = "own" }] };

        var found = new McpEntries(options, new ToolCatalog([tool])).FaultOf(listed);

        Assert.True(fault is null ? found is null : found!.StartsWith(fault, StringComparison.Ordinal), found);
    }

    [Fact]
    public void Names_for_models_fit_and_are_never_the_same()
    {
        string[] tools = ["read", "a.b", "a/b", "a_b", new string('x', 128), new string('x', 127), $"{new string('x', 127)}y"];

        var names = tools.Select(tool => McpNames.CalledAs("files", tool)).ToList();

        Assert.Equal(tools.Length, names.Distinct().Count());
        Assert.All(names, name => Assert.Matches("^files__[A-Za-z0-9_-]+$", name));
        Assert.All(names, name => Assert.InRange(name.Length, 1, 64));
        Assert.Equal("files__read", names[0]);
    }

    private static System.Text.Json.JsonElement JsonSchema() => System.Text.Json.JsonElement.Parse("""{"type":"object"}""");
}
