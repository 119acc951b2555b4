using System.Reflection;
using System.Text.Json;
using Azure.Storage.Queues.Models;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>Decides, once per parameter and when the host starts, where the parameter's value comes from.</summary>
internal sealed class ParameterBinder(Trigger trigger)
{
    /// <exception cref="LocalHostException">Nothing could give this parameter a value.</exception>
    public FunctionParameter Bind(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        var name = parameter.Name!;
        return parameter.GetCustomAttributes<BindingAttribute>().ToList() switch
        {
            [TriggerBindingAttribute] => new FunctionParameter(name, trigger.BindingType, BindTrigger(parameter)),
            [DurableClientAttribute] when type == typeof(DurableTaskClient) => new FunctionParameter(
                name, "durableClient", invocation => invocation.InstanceServices.GetRequiredService<DurableTaskClient>()),
            [] when type == typeof(FunctionContext) => new FunctionParameter(name, null, invocation => invocation),
            [] when type == typeof(CancellationToken) =>
                new FunctionParameter(name, null, invocation => invocation.CancellationToken),
            [] when trigger is HttpTrigger http && RoutePatternFactory.Parse(http.Route).GetParameter(name) is not null =>
                new FunctionParameter(name, null, BindRoute(parameter)),
            [var other, ..] => throw new LocalHostException(
                $"The binding {other.GetType().Name} of parameter {name} ({type.Name}) is not supported here."),
            [] => throw new LocalHostException(
                $"Parameter {name} ({type.Name}) is neither the trigger, a route parameter, a FunctionContext, a " +
                "CancellationToken nor a [DurableClient]; services come through the constructor."),
        };
    }

    private Func<Invocation, object?> BindTrigger(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        return trigger switch
        {
            HttpTrigger when type == typeof(HttpRequest) => invocation => ((HttpContext)invocation.TriggerValue!).Request,
            TimerTrigger when type == typeof(TimerInfo) => invocation => invocation.TriggerValue,
            OrchestrationTrigger when type == typeof(TaskOrchestrationContext) => invocation => invocation.TriggerValue,
            ActivityTrigger => invocation => BindText((string?)invocation.TriggerValue, type, invocation),
            QueueTrigger => BindMessage(type),
            _ => throw new LocalHostException($"{trigger.BindingType} cannot give parameter {parameter.Name} a {type.Name}."),
        };
    }

    private static Func<Invocation, object?> BindMessage(Type type)
    {
        if (type == typeof(QueueMessage))
        {
            return invocation => invocation.TriggerValue;
        }

        if (type == typeof(BinaryData))
        {
            return invocation => Body(invocation);
        }

        return type == typeof(byte[])
            ? invocation => Body(invocation).ToArray()
            : invocation => TextConverter.Convert(
                Body(invocation).ToString(), type, invocation.InstanceServices.JsonOptions());

        static BinaryData Body(Invocation invocation) => ((QueueMessage)invocation.TriggerValue!).Body;
    }

    /// <summary>An activity's input is JSON throughout: a string arrives in quotes.</summary>
    private static object? BindText(string? json, Type type, Invocation invocation) =>
        json is null ? null : JsonSerializer.Deserialize(json, type, invocation.InstanceServices.JsonOptions());

    private static Func<Invocation, object?> BindRoute(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (!TextConverter.CanBindRoute(type))
        {
            throw new LocalHostException($"Route parameter {parameter.Name} cannot be a {type.Name}.");
        }

        var missing = parameter.HasDefaultValue ? parameter.DefaultValue : null;
        return invocation => ((HttpContext)invocation.TriggerValue!).Request.RouteValues.TryGetValue(
            parameter.Name!, out var value) && value is string text
            ? TextConverter.Convert(text, type, invocation.InstanceServices.JsonOptions())
            : missing;
    }
}
