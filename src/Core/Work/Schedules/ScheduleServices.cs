using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
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
        services.AddOwn<ScheduleService>();
        services.AddOwn<ScheduleStarter>();
    }
}
