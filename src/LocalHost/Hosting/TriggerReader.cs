using System.Reflection;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>Reads the one trigger of a function from its parameters' attributes.</summary>
internal static class TriggerReader
{
    /// <exception cref="LocalHostException">There is no trigger, more than one, or an output binding.</exception>
    public static Trigger Read(string functionName, MethodInfo method)
    {
        if (method.GetCustomAttributes<OutputBindingAttribute>().Any())
        {
            throw new LocalHostException("Output bindings are not supported; call the service from the function.");
        }

        var triggers = method.GetParameters()
            .SelectMany(parameter => parameter.GetCustomAttributes<TriggerBindingAttribute>())
            .ToList();
        return triggers switch
        {
            [] => throw new LocalHostException("It has no trigger: mark one parameter, for example with [HttpTrigger]."),
            [HttpTriggerAttribute http] => ReadHttp(http, functionName),
            [QueueTriggerAttribute queue] => new QueueTrigger(queue.QueueName, queue.Connection ?? "AzureWebJobsStorage"),
            [TimerTriggerAttribute timer] => new TimerTrigger(timer.Schedule, timer.RunOnStartup, timer.UseMonitor),
            [OrchestrationTriggerAttribute orchestration] =>
                new OrchestrationTrigger(orchestration.Orchestration ?? functionName),
            [ActivityTriggerAttribute activity] => new ActivityTrigger(activity.Activity ?? functionName),
            [var other] => throw new LocalHostException($"The trigger {other.GetType().Name} is not supported here."),
            _ => throw new LocalHostException("It has more than one trigger."),
        };
    }

    private static HttpTrigger ReadHttp(HttpTriggerAttribute http, string functionName)
    {
        var route = http.Route ?? functionName;
        try
        {
            _ = RoutePatternFactory.Parse(route);
        }
        catch (RoutePatternException invalid)
        {
            throw new LocalHostException($"The route {route} is not valid: {invalid.Message}", invalid);
        }

        return new HttpTrigger(route, [.. (http.Methods ?? []).Select(verb => verb.ToUpperInvariant())]);
    }
}
