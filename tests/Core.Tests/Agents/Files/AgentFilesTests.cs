using System.Text.Json;
using Yggdrasil.Agents;
using Yggdrasil.Models.Cache;
using Yggdrasil.Redaction;

namespace Yggdrasil.Tests.Agents.Files;

public sealed class AgentFilesTests : IDisposable
{
    private readonly AgentFolderFixture _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void File_is_an_agent_of_the_configuration_by_its_name()
    {
        _folder.Write("daily-report.agent.md", "---\nname: Daily report\ndescription: Reports.\nmodel: scripted:two\n---\n\nYou report.\n\n- Briefly.\n");
        _folder.Write("README.md", "Not an agent.");

        var agent = Assert.Single(_folder.Load().All);

        Assert.Equal(("daily-report", AgentSource.Configuration, ConfiguredBy.File, 1), (agent.Id, agent.Source, agent.ConfiguredBy!.Value, agent.Version));
        Assert.Equal(("scripted:two", "Reports.", "You report.\n\n- Briefly."), (agent.Definition.Model, agent.Definition.Description, agent.Definition.Instructions));
    }

    [Fact]
    public void Every_field_of_a_definition_can_be_said()
    {
        _folder.Write(
            "one.agent.md",
            """
            fallbacks: [scripted:two]
            tools: [echo, post]
            approvals: [post]
            approvers: ["role:boss"]
            on_approval_expired: deny
            client_tools: refuse
            max_turns: 3
            max_tool_calls: 4
            timeout: 90.5
            temperature: 0.5
            max_output_tokens: 100
            reasoning_effort: low
            cache: { ttl_seconds: 60, scope: agent }
            context:
              max_tokens: 5000
              strategy: summarize
            retention_days: 7
            redaction: mask
            metadata: { team: "support" }
            logger: false
            builtin_endpoints:
              chat_api: true
            system_tools:
              web_request: false
            trigger:
              type: http_trigger
              args:
                route: one
                methods: ["POST"]
                auth_level: function
            response_schema:
              type: object
              properties:
                count: { type: integer, minimum: 1 }
                code: { type: string, pattern: "^[0-9]+$", default: "007" }
              required: [count]
              additionalProperties: false
            """,
            "Do.");

        var agent = _folder.LoadOne();

        Assert.Equal(["echo", "post"], agent.Tools);
        Assert.Equal(["post"], agent.Approvals);
        Assert.Equal(["role:boss"], agent.Approvers);
        Assert.Equal(["scripted:two"], agent.Fallbacks);
        Assert.Equal((ApprovalExpiry.Deny, ClientToolPolicy.Refuse, EffortLevel.Low, RedactionMode.Mask), (agent.OnApprovalExpired, agent.ClientTools, agent.ReasoningEffort, agent.Redaction));
        Assert.Equal((3, 4, 91, 0.5f, 100, 7), (agent.MaxTurns, agent.MaxToolCalls, agent.DeadlineSeconds, agent.Temperature, agent.MaxOutputTokens, agent.RetentionDays));
        Assert.Equal((new CachePolicy(60, CacheScope.Agent), new ContextPolicy(5000, ContextStrategy.Summarize)), (agent.Cache, agent.Context));
        using var schema = JsonDocument.Parse(
            """{"type":"object","properties":{"count":{"type":"integer","minimum":1},"code":{"type":"string","pattern":"^[0-9]+$","default":"007"}},"required":["count"],"additionalProperties":false}""");
        Assert.True(JsonElement.DeepEquals(schema.RootElement, agent.ResponseSchema!.Value), agent.ResponseSchema.Value.GetRawText());
    }

    [Theory]
    [InlineData("", new[] { "echo", "post" })]
    [InlineData("tools: true", new[] { "echo", "post" })]
    [InlineData("tools: false", new string[0])]
    [InlineData("tools:\n  exclude: [post]", new[] { "echo" })]
    [InlineData("tools: []", new string[0])]
    [InlineData("tools: [secret]\nmcp: false", new[] { "secret" })]
    public void Tools_are_all_of_the_app_or_those_that_are_named(string fields, string[] expected)
    {
        _folder.Write("one.agent.md", fields, "Do.");

        Assert.Equal(expected, _folder.LoadOne().Tools);
    }

    [Theory]
    [InlineData("", new[] { "orders", "refunds" })]
    [InlineData("skills: [refunds]", new[] { "refunds" })]
    [InlineData("skills:\n  exclude: [refunds]", new[] { "orders" })]
    [InlineData("skills: false", new string[0])]
    public void Skills_are_all_of_the_app_or_those_that_are_named(string fields, string[] expected)
    {
        _folder.WriteSkill("orders", "---\nname: orders\ndescription: About orders.\n---\n");
        _folder.WriteSkill("refunds", "---\nname: refunds\ndescription: About refunds.\n---\n");
        _folder.Write("one.agent.md", fields, "Do.");

        Assert.Equal(expected, _folder.LoadOne().Skills);
    }

    [Fact]
    public void Subagents_are_tools_with_what_the_file_says_of_them()
    {
        _folder.Write("one.agent.md", "tools: false\nsubagents:\n  - agent: tech_help\n    when: Something is broken\n  - agent: billing", "Do.");
        _folder.Write("tech-help.agent.md", "tools: false", "Help.");
        _folder.Write("billing.agent.md", "tools: false", "Bill.");

        var agent = _folder.LoadOne();

        Assert.Equal(["agent:tech-help", "agent:billing"], agent.Tools);
        Assert.Equal("Something is broken", Assert.Single(agent.DelegateDescriptions!, pair => pair.Key == "tech-help").Value);
    }

    [Fact]
    public void Variables_are_settings_outside_quoted_code()
    {
        _folder.Settings["REGION"] = "north";
        _folder.Settings["AGENT_MODEL"] = "scripted:big";
        _folder.Write("one.agent.md", "model: $AGENT_MODEL", "In $REGION and %REGION%, $$REGION is %%REGION%%; it costs $5 or 10%.\n```\n$REGION\n```\n$REGION");
        _folder.Write("two.agent.md", "substitute_variables: false", "In $REGION and $ANYWHERE.");

        Assert.Equal("scripted:big", _folder.LoadOne().Model);
        Assert.Equal("In north and north, $REGION is %REGION%; it costs $5 or 10%.\n```\n$REGION\n```\nnorth", _folder.LoadOne().Instructions);
        Assert.Equal("In $REGION and $ANYWHERE.", _folder.LoadOne("two").Instructions);
    }

    [Fact]
    public void Example_of_an_answer_is_shown_to_the_model_and_asks_for_json()
    {
        _folder.Write("one.agent.md", "response_example: |\n  { \"count\": 1 }", "Count.");

        Assert.Contains("""{ "count": 1 }""", _folder.LoadOne().Instructions, StringComparison.Ordinal);
        Assert.Equal("""{"type":"object"}""", _folder.LoadOne().ResponseSchema!.Value.GetRawText());
    }

    [Fact]
    public void Single_file_is_the_agent_main()
    {
        _folder.Write("agent.md", "", "Do.");

        Assert.Equal("main", Assert.Single(_folder.Load().All).Id);
    }

    [Fact]
    public void File_that_has_changed_is_another_version_and_one_with_mistakes_changes_nothing()
    {
        _folder.Write("one.agent.md", "tools: false", "First.");
        _folder.Write("two.agent.md", "tools: false", "Other.");
        var agents = _folder.Load();

        _folder.Write("one.agent.md", "tools: false", "Second.");
        agents.Reload();
        var second = agents.Find("one")!;
        _folder.Write("one.agent.md", "tools: 7", "Third.");
        Assert.Throws<Microsoft.Extensions.Options.OptionsValidationException>(agents.Reload);

        Assert.Equal(("Second.", 2), (second.Definition.Instructions, second.Version));
        Assert.Equal((2, 1), (agents.Find("one")!.Version, agents.Find("two")!.Version));
    }
}
