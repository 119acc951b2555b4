using System.Reflection;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Yggdrasil.Functions.Tests.Output;

/// <summary>A function of the app as its attributes declare it, and what the Functions host has to be told of it.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="EntryPoint">Type and method.</param>
/// <param name="Bindings">Each binding in one line, sorted.</param>
internal sealed record AppFunction(string Name, string EntryPoint, string Bindings)
{
    /// <summary>Every function of the package; the app has none of its own.</summary>
    public static IReadOnlyList<AppFunction> Declared { get; } =
    [
        .. from type in typeof(YggdrasilWorker).Assembly.GetTypes()
           from method in type.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
           let function = method.GetCustomAttribute<FunctionAttribute>()
           where function is not null
           orderby function.Name
           select new AppFunction(function.Name, $"{type.FullName}.{method.Name}", Join(method.GetParameters().SelectMany(Describe))),
    ];

    /// <summary>A function as the host is told of it.</summary>
    /// <param name="bindings">The bindings as the host's metadata has them.</param>
    public static AppFunction Told(string name, string entryPoint, IEnumerable<JsonElement> bindings) =>
        new(name, entryPoint, Join(bindings.Select(Describe).Where(line => line != "$return Out http")));

    private static string Join(IEnumerable<string> bindings) => string.Join(Environment.NewLine, bindings.Order(StringComparer.Ordinal));

    private static IEnumerable<string> Describe(ParameterInfo parameter) =>
        from binding in parameter.GetCustomAttributes<BindingAttribute>()
        select $"{parameter.Name} In " + binding switch
        {
            HttpTriggerAttribute http => $"httpTrigger {http.AuthLevel} {http.Route} {string.Join(',', http.Methods ?? [])}",
            TimerTriggerAttribute timer => $"timerTrigger {timer.Schedule}",
            QueueTriggerAttribute queue => $"queueTrigger {queue.QueueName} {queue.Connection}",
            OrchestrationTriggerAttribute { Orchestration: null } => "orchestrationTrigger",
            ActivityTriggerAttribute { Activity: null } => "activityTrigger",
            DurableClientAttribute { TaskHub: null, ConnectionName: null } => "durableClient",
            var other => throw new InvalidOperationException($"This test does not know {other.GetType().Name} as it is used by {parameter.Member}."),
        };

    private static string Describe(JsonElement binding) =>
        $"{Text(binding, "name")} {Text(binding, "direction")} {Text(binding, "type")}" + Text(binding, "type") switch
        {
            "httpTrigger" => $" {Text(binding, "authLevel")} {Text(binding, "route")} {Methods(binding)}",
            "timerTrigger" => $" {Text(binding, "schedule")}",
            "queueTrigger" => $" {Text(binding, "queueName")} {Text(binding, "connection")}",
            _ => "",
        };

    private static string? Text(JsonElement binding, string property) =>
        binding.TryGetProperty(property, out var value) ? value.GetString() : null;

    private static string Methods(JsonElement binding) =>
        binding.TryGetProperty("methods", out var methods) ? string.Join(',', methods.EnumerateArray().Select(verb => verb.GetString())) : "";
}
