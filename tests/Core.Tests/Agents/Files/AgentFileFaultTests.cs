using Yggdrasil.Agents.Files;

namespace Yggdrasil.Tests.Agents.Files;

public sealed class AgentFileFaultTests : IDisposable
{
    private readonly AgentFolderFixture _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The fields begin on line 4 of the file.</summary>
    [Theory]
    [InlineData("modle: scripted:one", "agents/one.agent.md:4: modle: There is no such field. Did you mean model?")]
    [InlineData("model: nowhere:one", "agents/one.agent.md:4: model: There is no provider \"nowhere\". Providers: scripted.")]
    [InlineData("max_turns: 0", "agents/one.agent.md:4: max_turns: Must be between 1 and 200.")]
    [InlineData("timeout: soon", "agents/one.agent.md:4: timeout: Must be a number.")]
    [InlineData("timeout: 0", "agents/one.agent.md:4: timeout: Must be between 1 and 604800.")]
    [InlineData("tools:\n  - echo\n  - rm_rf", "agents/one.agent.md:6: tools: There is no tool \"rm_rf\". GET /api/tools lists them.")]
    [InlineData("tools:\n  exclude: [rm_rf]", "agents/one.agent.md:5: tools.exclude: There is no \"rm_rf\" among echo, post.")]
    [InlineData("tools: echo", "agents/one.agent.md:4: tools: Must be true, false, a list of names, or have the field exclude.")]
    [InlineData("tools: false\nmcp:\n  - docs/search", "agents/one.agent.md:6: mcp: There are no MCP servers.")]
    [InlineData("mcp:\n  exclude: [docs]", "agents/one.agent.md:5: mcp.exclude: There is no \"docs\".")]
    [InlineData("subagents:\n  - agent: nobody", "agents/one.agent.md:5: subagents: There is no agent \"nobody\" in the configuration.")]
    [InlineData("subagents:\n  - agent: one", "agents/one.agent.md:5: subagents[0].agent: An agent cannot ask itself.")]
    [InlineData("subagents: [billing]", "agents/one.agent.md:4: subagents: Must be a list of at most 256 items with fields of their own.")]
    [InlineData("response_schema: { type: 7 }", "agents/one.agent.md:4: response_schema: ")]
    [InlineData("response_example: not json", "agents/one.agent.md:4: response_example: Must be JSON.")]
    [InlineData("workflows: { enabled: true }", "agents/one.agent.md:4: workflows: Is not supported: leave it out.")]
    [InlineData("builtin_endpoints: false", "agents/one.agent.md:4: builtin_endpoints: Must be true, or be left out")]
    [InlineData("logger: true", "agents/one.agent.md:4: logger: Must be false, or be left out: answers are never logged.")]
    [InlineData("trigger: { type: blob_trigger }", "agents/one.agent.md:4: trigger.type: Must be http_trigger, timer_trigger or queue_trigger: no other starts runs here.")]
    [InlineData("trigger:\n  type: http_trigger\n  args: { route: a, auth_level: anonymous }", "agents/one.agent.md:6: trigger.args.auth_level: Must be function, or be left out")]
    [InlineData("trigger:\n  type: queue_trigger\n  args: { queue_name: mine }", "agents/one.agent.md:6: trigger.args.queue_name: Must be prompts: the app reads no other queue.")]
    [InlineData("trigger:\n  type: timer_trigger\n  args: { schedule: 0 0 7 * * * }", "agents/one.agent.md:5: trigger.type: A timer starts runs of a user: set AgentFiles__RunAs__Tenant")]
    [InlineData("trigger:\n  type: timer_trigger\n  args: { schedule: 30 0 7 * * * }", "agents/one.agent.md:6: trigger.args.schedule: Seconds must be 0")]
    [InlineData("description: [a]", "agents/one.agent.md:4: This is not valid YAML")]
    [InlineData("model: $NO_SUCH", "agents/one.agent.md:4: There is no setting \"NO_SUCH\". Set it, or write $$NO_SUCH for the text itself.")]
    [InlineData("model: $OPENAI_API_KEY", "agents/one.agent.md:4: \"OPENAI_API_KEY\" cannot be a variable")]
    [InlineData("model: $Providers__openai__ApiKey", "agents/one.agent.md:4: \"Providers__openai__ApiKey\" cannot be a variable")]
    [InlineData("model: &a scripted:one\nfallbacks: [*a]", "agents/one.agent.md:4: Anchors and aliases are not supported")]
    [InlineData("model: !!binary x", "agents/one.agent.md:4: Tags are not supported.")]
    [InlineData("model: 'open", "agents/one.agent.md:")]
    public void Mistake_is_named_with_file_and_line(string fields, string problem)
    {
        _folder.Write("one.agent.md", fields, "Do.");

        Assert.Contains(_folder.Problems(), line => line.StartsWith(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Secret_is_not_put_in_the_place_of_its_name()
    {
        _folder.Settings["OPENAI_API_KEY"] = "sk-secret";
        _folder.Write("one.agent.md", "tools: false", "First.\n\nUse $OPENAI_API_KEY.");

        var problem = Assert.Single(_folder.Problems());

        Assert.StartsWith("agents/one.agent.md:8: \"OPENAI_API_KEY\" cannot be a variable", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-secret", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_of_all_files_are_named_at_once()
    {
        _folder.Write("one.agent.md", "You have no front matter.");
        _folder.Write("two.agent.md", "---\nmodel: scripted:one\n---\nDo.");
        _folder.Write("three.agent.md", "tools: false", new string('x', 33 * 1024));

        Assert.Equal(
            [
                "agents/one.agent.md:1: The file must begin with a line of three dashes, then YAML, then another such line.",
                "agents/three.agent.md:6: instructions: At most 32 KiB of UTF-8.",
                "agents/two.agent.md:1: description: Is required: what the agent does.",
                "agents/two.agent.md:1: name: Is required: 1 to 128 characters.",
            ],
            _folder.Problems().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Id_that_settings_define_too_names_both_places()
    {
        _folder.Settings["Agents:0:Id"] = "one";
        _folder.Settings["Agents:0:Model"] = "scripted:one";
        _folder.Write("one.agent.md", "tools: false", "Do.");

        Assert.Equal(["agents/one.agent.md:1: id: \"one\" is defined already, in Agents__0."], _folder.Problems());
    }

    [Fact]
    public void Model_that_nothing_names_is_required()
    {
        _folder.Options.Model = null;
        _folder.Write("one.agent.md", "tools: false", "Do.");

        Assert.Equal(["agents/one.agent.md:1: model: Is required: provider:model, here or as AgentFiles__Model."], _folder.Problems());
    }

    [Theory]
    [InlineData("a: [", 200_000, "]")]
    [InlineData("a: ", 20_000, "")]
    public void Hostile_file_is_refused_before_it_is_built(string open, int times, string close)
    {
        var nested = open.EndsWith('[') ? $"a: {string.Concat(Enumerable.Repeat("[", times / 4))}{close}" : string.Concat(Enumerable.Range(0, times / 2).Select(index => $"k{index}: 1\n"));
        _folder.Write("one.agent.md", nested, "Do.");

        Assert.Single(_folder.Problems());
    }

    [Fact]
    public void File_that_is_too_long_or_no_text_is_refused()
    {
        _folder.Write("long.agent.md", new string('x', FrontMatter.MaxBytes + 1));
        File.WriteAllBytes(Path.Combine(_folder.Folder, "bytes.agent.md"), [0xff, 0xfe, 0x00]);

        Assert.Equal(["agents/bytes.agent.md:1: The file is not text in UTF-8.", "agents/long.agent.md:1: A file has at most 128 KiB."], _folder.Problems());
    }

    [Fact]
    public void More_files_than_allowed_stop_the_start()
    {
        for (var index = 0; index <= AgentFiles.MaxFiles; index++)
        {
            _folder.Write($"a{index}.agent.md", "tools: false", "Do.");
        }

        Assert.Equal([$"agents: There may be at most {AgentFiles.MaxFiles} agents."], _folder.Problems());
    }
}
