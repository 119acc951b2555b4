using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Yggdrasil.Tools.BuiltIn;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tests.Tools.Egress;

public sealed class HttpToolOptionsTests
{
    [Theory]
    [InlineData("Production")]
    [InlineData("Staging")]
    [InlineData("development2")]
    public async Task Private_networks_outside_development_stop_the_start(string environment)
    {
        using var host = Build(environment, ("Tools:Http:AllowPrivateNetworks", "true"));
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Equal(
            "Tools__Http__AllowPrivateNetworks is true; outside the Development environment it must be false or absent.",
            Assert.Single(failure.Failures));
    }

    [Theory]
    [InlineData("Development", "true")]
    [InlineData("Development", "false")]
    [InlineData("Production", "false")]
    public async Task Other_settings_start(string environment, string allowPrivateNetworks)
    {
        using var host = Build(
            environment,
            ("Tools:Http:AllowPrivateNetworks", allowPrivateNetworks),
            ("Tools:Http:AllowedHosts:0", "api.example.com"),
            ("Tools:Http:AllowedHosts:1", "api.example.com:8443"));
        await host.StartAsync();
        await host.StopAsync();
        Assert.Equal(
            ["api.example.com", "api.example.com:8443"],
            host.Services.GetRequiredService<IOptions<HttpToolOptions>>().Value.AllowedHosts);
    }

    [Fact]
    public async Task Every_entry_that_is_no_exact_host_is_named_with_its_setting()
    {
        using var host = Build(
            "Production",
            ("Tools:Http:AllowedHosts:0", "*.example.com"),
            ("Tools:Http:AllowedHosts:1", "api.example.com"),
            ("Tools:Http:AllowedHosts:2", "https://example.com/"));
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Collection(
            failure.Failures,
            first => Assert.StartsWith("Tools__Http__AllowedHosts__0 must be one exact host", first, StringComparison.Ordinal),
            second => Assert.StartsWith("Tools__Http__AllowedHosts__2 must be one exact host", second, StringComparison.Ordinal));
    }

    [Fact]
    public void A_host_that_does_not_say_its_environment_is_not_development()
    {
        var result = new HttpToolOptionsValidator().Validate(null, new HttpToolOptions { AllowPrivateNetworks = true });
        Assert.True(result.Failed);
    }

    private static IHost Build(string environment, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = environment });
        builder.Configuration.AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)));
        builder.Services.AddBuiltInTools(builder.Configuration);
        return builder.Build();
    }
}
