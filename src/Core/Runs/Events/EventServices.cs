using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;

namespace Yggdrasil.Runs.Events;

/// <summary>Registers the events of runs and those who read them.</summary>
internal static class EventServices
{
    public static void AddRunEvents(this IServiceCollection services)
    {
        services.AddSingleton<DeltaLog>();
        services.AddSingleton<RunStreams>();
        services.AddSingleton<RunFeeds>();
        services.AddSingleton<EventTickets>();
        services.AddSingleton<EventReaders>();
        services.AddOwn<RunEvents>();
    }
}
