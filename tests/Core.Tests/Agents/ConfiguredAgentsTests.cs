using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Agents;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Models.Cache;
using Yggdrasil.Tests.Runs;

namespace Yggdrasil.Tests.Agents;

public sealed class ConfiguredAgentsTests
{
    [Fact]
    public void Cache_of_an_agent_is_a_setting()
    {
        Assert.Equal(new CachePolicy(300, CacheScope.Agent), Configure(("TtlSeconds", "300"), ("Scope", "agent")).Cache);
        Assert.Equal(new CachePolicy(300), Configure(("TtlSeconds", "300")).Cache);
        Assert.Null(Configure().Cache);
    }

    [Fact]
    public void Context_and_retention_of_an_agent_are_settings()
    {
        var agent = ConfigureAll(("Context:MaxTokens", "5000"), ("Context:Strategy", "summarize"), ("RetentionDays", "7"));

        Assert.Equal((new ContextPolicy(5000, ContextStrategy.Summarize), 7), (agent.Context, agent.RetentionDays));
        Assert.Null(ConfigureAll().Context);
    }

    [Theory]
    [InlineData("Context:MaxTokens", "255", "Agents__0__Context__MaxTokens: Must be between 256 and 2000000.")]
    [InlineData("Context:Strategy", "forget", "Agents__0__Context__Strategy must be one of Truncate, Summarize.")]
    [InlineData("RetentionDays", "3651", "Agents__0__RetentionDays: Must be between 0 and 3650.")]
    public void Wrong_context_or_retention_is_named_by_its_setting(string name, string value, string problem) =>
        Assert.Contains(problem, Assert.Throws<OptionsValidationException>(() => ConfigureAll((name, value))).Failures);

    [Theory]
    [InlineData("TtlSeconds", "0", "Agents__0__Cache__TtlSeconds: Must be between 1 and 86400.")]
    [InlineData("TtlSeconds", "86401", "Agents__0__Cache__TtlSeconds: Must be between 1 and 86400.")]
    [InlineData("Scope", "user", "Agents__0__Cache__TtlSeconds: Must be between 1 and 86400.")]
    [InlineData("Scope", "tenant", "Agents__0__Cache__Scope must be one of User, Agent.")]
    [InlineData("Seconds", "1", "Agents__0__Cache__Seconds is no setting: did you mean Agents__0__Cache__TtlSeconds?")]
    public void Wrong_cache_is_named_by_its_setting(string name, string value, string problem) =>
        Assert.Contains(problem, Assert.Throws<OptionsValidationException>(() => Configure((name, value))).Failures);

    [Fact]
    public void Agent_in_code_is_one_of_the_configuration()
    {
        var agents = Gather(
            [("Agents:0:Id", "assistant"), ("Agents:0:Model", "scripted:one")],
            services => services.AddAgent("support", agent => agent.Model("scripted:one").Instructions("Be kind.").With(definition => definition with { MaxTurns = 3 })));

        Assert.Equal([("assistant", ConfiguredBy.Settings), ("support", ConfiguredBy.Code)], agents.All.Select(agent => (agent.Id, agent.ConfiguredBy!.Value)));
        var support = agents.Find("support")!;
        Assert.Equal((AgentSource.Configuration, 1, "Be kind.", 3), (support.Source, support.Version, support.Definition.Instructions, support.Definition.MaxTurns));
    }

    [Fact]
    public void Id_that_two_places_define_names_both()
    {
        var problems = Problems(
            [("Agents:0:Id", "support"), ("Agents:0:Model", "scripted:one")], services => services.AddAgent("support", agent => agent.Model("scripted:one")));

        Assert.Equal(["AddAgent(\"support\"): id: \"support\" is defined already, in Agents__0."], problems);
    }

    [Fact]
    public void Every_mistake_of_every_place_is_named_at_once()
    {
        var problems = Problems(
            [("Agents:0:Id", "one"), ("Agents:0:Model", "nowhere:one"), ("Agents:1:Id", "one"), ("Agents:1:Model", "scripted:one")],
            services => services
                .AddAgent("two", agent => agent.Model("scripted:one").Tools("no_such_tool"))
                .AddAgent("no id", _ => { }));

        Assert.Equal(
            [
                "Agents__0__Model", "Agents__1__Id: \"one\" is defined already, in Agents__0.", "AddAgent(\"two\"): tools[0]", "AddAgent(\"no id\"): model",
                "AddAgent(\"no id\"): id",
            ],
            problems.Select(problem => problem.Contains("already", StringComparison.Ordinal) ? problem : problem[..problem.IndexOf(": ", problem.IndexOf(')', StringComparison.Ordinal) + 2, StringComparison.Ordinal)]));
    }

    private static IReadOnlyList<string> Problems((string Name, string Value)[] settings, Action<IServiceCollection> add) =>
        [.. Assert.Throws<OptionsValidationException>(() => Gather(settings, add)).Failures];

    private static ConfiguredAgents Gather((string Name, string Value)[] settings, Action<IServiceCollection> add)
    {
        var services = new ServiceCollection();
        add(services);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value))).Build();
        return new ConfiguredAgents(
            [new SettingsAgents(configuration), new CodeAgents(services.BuildServiceProvider().GetServices<CodeAgent>())],
            new AgentValidator(new ScriptedModels(), new TestTools().Catalog(), new NotificationOptions()),
            TimeProvider.System);
    }

    [Fact]
    public void Models_that_callers_may_choose_from_are_settings()
    {
        var agents = Read(("Agents:AllowedModels:0", "scripted:other"), ("Agents:0:AllowedModels:0", "scripted:own"));

        Assert.Equal(["scripted:other"], agents.AllowedModels);
        Assert.Equal(["scripted:own"], Assert.Single(agents.All).Definition.AllowedModels);
    }

    [Theory]
    [InlineData("Agents:AllowedModels:0", "other", "Agents__AllowedModels__0: Write provider:model")]
    [InlineData("Agents:AllowedModels:0", "nobody:other", "Agents__AllowedModels__0: There is no provider \"nobody\"")]
    [InlineData("Agents:0:AllowedModels:1", "other", "Agents__0__AllowedModels__1: Write provider:model")]
    public void Wrong_model_to_choose_from_is_named_by_its_setting(string name, string value, string problem) =>
        Assert.Contains(problem, Assert.Throws<OptionsValidationException>(() => Read((name, value), ("Agents:0:AllowedModels:0", "scripted:own"))).Message, StringComparison.Ordinal);

    private static AgentDefinition Configure(params (string Name, string Value)[] cache) =>
        ConfigureAll([.. cache.Select(setting => ($"Cache:{setting.Name}", setting.Value))]);

    private static AgentDefinition ConfigureAll(params (string Name, string Value)[] settings) =>
        Read([.. settings.Select(setting => ($"Agents:0:{setting.Name}", setting.Value))]).Find("assistant")!.Definition;

    private static ConfiguredAgents Read(params (string Name, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([
            new("Agents:0:Id", "assistant"),
            new("Agents:0:Model", "scripted:one"),
            .. settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value)),
        ]).Build();
        var validator = new AgentValidator(new ScriptedModels(), new TestTools().Catalog(), new NotificationOptions());
        return new ConfiguredAgents([new SettingsAgents(configuration)], validator, TimeProvider.System);
    }
}
