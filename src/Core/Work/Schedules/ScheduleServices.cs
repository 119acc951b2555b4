using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yggdrasil.Agents;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Work.Schedules;

internal static class ScheduleServices
{
    public static void AddSchedules(this IServiceCollection services)
    {
        services.AddSingleton<ScheduleStore>();
        services.AddSingleton<ScheduleCalendar>();
        services.AddSingleton(provider => new ScheduleService(
            provider.GetRequiredService<ScheduleStore>(),
            provider.GetRequiredService<ScheduleCalendar>(),
            provider.GetRequiredService<AgentService>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new ScheduleStarter(
            provider.GetRequiredService<ScheduleStore>(),
            provider.GetRequiredService<ScheduleCalendar>(),
            provider.GetRequiredService<RunService>(),
            provider.GetRequiredService<DisabledUsers>(),
            provider.GetRequiredService<UnknownValues>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ScheduleStarter>>()));
    }
}
