using Microsoft.Extensions.Configuration;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Limits.Fairness;

namespace Yggdrasil.Tests.Limits.Fairness;

public sealed class ActivityOptionsTests
{
    private static readonly string HostJson = Checkout.PathOf("src", "Functions", "host.json");

    [Fact]
    public void Defaults_fit_together_and_into_what_host_json_allows()
    {
        var options = new ActivityOptions();

        Assert.Empty(options.Problems());
        options.RequireFit(HostActivities.Find(new ConfigurationBuilder().Build(), HostJson));
    }

    [Theory]
    [InlineData(80, 80, 40, "Activities__PerOwner (80) must be less than Activities__AtOnce (80): nothing would be left for others.")]
    [InlineData(80, 40, 90, "Activities__PerProvider (90) must be less than Activities__AtOnce (80): nothing would be left for others.")]
    [InlineData(1, 1, 1, "Activities__AtOnce must be between 2 and 1000.")]
    [InlineData(80, 0, 40, "Activities__PerOwner must be between 1 and 999.")]
    public void Settings_that_do_not_fit_are_named_in_full(int atOnce, int perOwner, int perProvider, string problem)
    {
        var options = new ActivityOptions { AtOnce = atOnce, PerOwner = perOwner, PerProvider = perProvider };

        Assert.Contains(problem, options.Problems());
    }

    [Fact]
    public void More_than_the_host_hands_out_is_refused_with_both_settings_named()
    {
        var options = new ActivityOptions { AtOnce = 81 };
        var lowered = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["AzureFunctionsJobHost:extensions:durableTask:maxConcurrentActivityFunctions"] = "50",
            })
            .Build();

        var asWritten = Assert.Throws<InvalidSettingsException>(
            () => options.RequireFit(HostActivities.Find(new ConfigurationBuilder().Build(), HostJson)));
        var asSet = Assert.Throws<InvalidSettingsException>(() => new ActivityOptions().RequireFit(HostActivities.Find(lowered, HostJson)));

        Assert.Equal(
            "Activities__AtOnce (81) must be at most four fifths of extensions.durableTask.maxConcurrentActivityFunctions (100) in host.json.",
            Assert.Single(asWritten.Failures));
        Assert.Contains("(80)", Assert.Single(asSet.Failures), StringComparison.Ordinal);
        Assert.Contains("(50)", Assert.Single(asSet.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public void Host_that_says_nothing_is_not_compared()
    {
        new ActivityOptions { AtOnce = 1000, PerOwner = 500 }.RequireFit(
            HostActivities.Find(new ConfigurationBuilder().Build(), Path.Combine(AppContext.BaseDirectory, "no-such-host.json")));
    }
}
