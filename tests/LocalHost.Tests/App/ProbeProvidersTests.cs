using Yggdrasil.Functions.Timers;
using Yggdrasil.LocalHost.Hosting;
using Yggdrasil.LocalHost.Timers;

namespace Yggdrasil.LocalHost.Tests.App;

public sealed class ProbeProvidersTests
{
    [Fact]
    public void Timer_of_the_product_is_found_and_fires_every_minute()
    {
        var functions = FunctionDiscovery.Discover(Product.Setup([]).FunctionTypes);

        var trigger = Assert.IsType<TimerTrigger>(functions.Single(function => function.Name == nameof(ProbeProviders)).Trigger);
        var noon = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
        Assert.Equal(noon.AddMinutes(1), new Schedule(trigger.Schedule).After(noon));
    }
}
