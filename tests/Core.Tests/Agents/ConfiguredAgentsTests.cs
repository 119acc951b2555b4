using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Yggdrasil.Agents;
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

    [Theory]
    [InlineData("TtlSeconds", "0", "Agents__0__Cache__TtlSeconds: Must be between 1 and 86400.")]
    [InlineData("TtlSeconds", "86401", "Agents__0__Cache__TtlSeconds: Must be between 1 and 86400.")]
    [InlineData("Scope", "user", "Agents__0__Cache__TtlSeconds: Must be between 1 and 86400.")]
    [InlineData("Scope", "tenant", "Agents__0__Cache__Scope must be one of User, Agent.")]
    [InlineData("Seconds", "1", "Agents__0__Cache__Seconds is no setting: did you mean Agents__0__Cache__TtlSeconds?")]
    public void Wrong_cache_is_named_by_its_setting(string name, string value, string problem) =>
        Assert.Contains(problem, Assert.Throws<OptionsValidationException>(() => Configure((name, value))).Failures);

    private static AgentDefinition Configure(params (string Name, string Value)[] cache)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([
            new("Agents:0:Id", "assistant"),
            new("Agents:0:Model", "scripted:one"),
            .. cache.Select(setting => KeyValuePair.Create($"Agents:0:Cache:{setting.Name}", (string?)setting.Value)),
        ]).Build();
        var validator = new AgentValidator(new ScriptedModels(), new TestTools().Catalog());
        return new ConfiguredAgents(configuration, validator, TimeProvider.System).Find("assistant")!.Definition;
    }
}
