using Yggdrasil.Functions.Timers;
using Yggdrasil.LocalHost.Hosting;
using Yggdrasil.LocalHost.Timers;

namespace Yggdrasil.LocalHost.Tests.App;

public sealed class RemoveExpiredTests
{
    [Fact]
    public void Timer_of_the_product_is_found_with_a_schedule_that_is_valid()
    {
        var functions = FunctionDiscovery.Discover(Product.Setup([]).FunctionTypes);

        var trigger = Assert.IsType<TimerTrigger>(functions.Single(function => function.Name == nameof(RemoveExpired)).Trigger);
        var noon = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
        var schedule = new Schedule(trigger.Schedule);
        Assert.Equal(noon.AddMinutes(11), schedule.After(noon));
        Assert.Equal(noon.AddMinutes(26), schedule.After(noon.AddMinutes(11)));
    }
}
