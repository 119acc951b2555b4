using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Agents;
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

    private static AgentDefinition Configure(params (string Name, string Value)[] cache) =>
        ConfigureAll([.. cache.Select(setting => ($"Cache:{setting.Name}", setting.Value))]);

    private static AgentDefinition ConfigureAll(params (string Name, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([
            new("Agents:0:Id", "assistant"),
            new("Agents:0:Model", "scripted:one"),
            .. settings.Select(setting => KeyValuePair.Create($"Agents:0:{setting.Name}", (string?)setting.Value)),
        ]).Build();
        var validator = new AgentValidator(new ScriptedModels(), new TestTools().Catalog(), new NotificationOptions());
        return new ConfiguredAgents(configuration, validator, TimeProvider.System).Find("assistant")!.Definition;
    }
}
