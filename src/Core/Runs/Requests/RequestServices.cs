using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;

namespace Yggdrasil.Runs.Requests;

/// <summary>Registers what requests ask of runs.</summary>
internal static class RequestServices
{
    public static void AddRunRequests(this IServiceCollection services)
    {
        services.AddOwn<RunService>();
        services.AddOwn<RunControl>();
        services.AddOwn<RunForking>();
        services.AddOwn<InlineRuns>();
    }
}
