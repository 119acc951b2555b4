using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;

namespace Yggdrasil.Work.Schedules;

internal static class ScheduleServices
{
    public static void AddSchedules(this IServiceCollection services)
    {
        services.AddSingleton<ScheduleStore>();
        services.AddSingleton<ScheduleCalendar>();
        services.AddOwn<ScheduleService>();
        services.AddSingleton<AgentSchedules>();
        services.AddOwn<ScheduleStarter>();
    }
}
