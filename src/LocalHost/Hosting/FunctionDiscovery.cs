using System.Reflection;
using Microsoft.Azure.Functions.Worker;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>Finds the functions among types, and refuses what the genuine host would refuse or this one cannot run.</summary>
internal static class FunctionDiscovery
{
    private const BindingFlags AllMethods =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static |
        BindingFlags.DeclaredOnly;

    /// <exception cref="LocalHostException">Names every function that cannot be run, and why.</exception>
    public static IReadOnlyList<Function> Discover(IEnumerable<Type> types)
    {
        var functions = new List<Function>();
        var errors = new List<string>();
        foreach (var method in types.SelectMany(type => type.GetMethods(AllMethods)))
        {
            if (method.GetCustomAttribute<FunctionAttribute>() is { Name: var name })
            {
                Add(name, method, functions, errors);
            }
        }

        errors.AddRange(Repeated(functions, "function", function => function.Name));
        errors.AddRange(Repeated(functions, "activity", function => (function.Trigger as ActivityTrigger)?.Activity));
        errors.AddRange(Repeated(
            functions, "orchestration", function => (function.Trigger as OrchestrationTrigger)?.Orchestration));
        errors.AddRange(RepeatedRoutes(functions));
        errors.AddRange(NeverReached(functions));
        return errors.Count == 0
            ? [.. functions.OrderBy(function => function.Name, StringComparer.Ordinal)]
            : throw new LocalHostException(
                $"These functions cannot be run:{string.Concat(errors.Select(error => $"{Environment.NewLine}  {error}"))}");
    }

    private static void Add(string name, MethodInfo method, List<Function> functions, List<string> errors)
    {
        try
        {
            functions.Add(Describe(name, method));
        }
        catch (LocalHostException invalid)
        {
            errors.Add($"{name} ({method.DeclaringType}.{method.Name}): {invalid.Message}");
        }
    }

    private static Function Describe(string name, MethodInfo method)
    {
        if (!method.IsPublic || method.DeclaringType is not { IsVisible: true } || method.ContainsGenericParameters)
        {
            throw new LocalHostException("A function is a public, non-generic method of a public class.");
        }

        if (!method.IsStatic && method.DeclaringType.IsAbstract)
        {
            throw new LocalHostException("An abstract class cannot be created.");
        }

        var trigger = TriggerReader.Read(name, method);
        CheckReturnType(method.ReturnType, trigger);
        var binder = new ParameterBinder(trigger);
        return new Function(name, trigger, new FunctionMethod(method, [.. method.GetParameters().Select(binder.Bind)]));
    }

    private static void CheckReturnType(Type type, Trigger trigger)
    {
        var returned = type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>)
            ? type.GetGenericArguments()[0]
            : type;
        if (returned == typeof(ValueTask) ||
            (returned.IsGenericType && returned.GetGenericTypeDefinition() == typeof(ValueTask<>)))
        {
            throw new LocalHostException("The genuine worker does not await a ValueTask; return a Task.");
        }

        if (trigger is HttpTrigger && returned != typeof(void) && returned != typeof(Task) && returned != typeof(object) &&
            !returned.IsAssignableTo(typeof(IResult)) && !returned.IsAssignableTo(typeof(Microsoft.AspNetCore.Mvc.IActionResult)))
        {
            throw new LocalHostException(
                $"The genuine worker answers a returned {returned.Name} with an empty 200; return an IResult or IActionResult.");
        }
    }

    private static IEnumerable<string> Repeated(
        IEnumerable<Function> functions, string kind, Func<Function, string?> nameOf) =>
        functions
            .Where(function => nameOf(function) is not null)
            .GroupBy(function => nameOf(function)!, StringComparer.OrdinalIgnoreCase)
            .Where(group => group.Count() > 1)
            .Select(group => $"The {kind} name {group.Key} is used by {Names(group)}.");

    private static IEnumerable<string> RepeatedRoutes(IEnumerable<Function> functions) =>
        from function in functions
        where function.Trigger is HttpTrigger
        let http = (HttpTrigger)function.Trigger
        from verb in http.Methods.DefaultIfEmpty("ANY")
        group function by $"{verb} {http.Route.ToUpperInvariant()}" into same
        where same.Count() > 1
        select $"The route {same.Key} is served by {Names(same)}.";

    /// <summary>The genuine host tries routes in the order of their functions' names, so a route for everything has to come last.</summary>
    private static IEnumerable<string> NeverReached(IReadOnlyList<Function> functions) =>
        from all in functions
        let everything = all.Trigger as HttpTrigger
        where everything is not null && everything.Route.StartsWith("{*", StringComparison.Ordinal)
        from function in functions
        let http = function.Trigger as HttpTrigger
        where http is not null && StringComparer.OrdinalIgnoreCase.Compare(function.Name, all.Name) > 0 &&
            (everything.Methods.Count == 0 || (http.Methods.Count > 0 && http.Methods.All(everything.Methods.Contains)))
        select $"{function.Name} ({function.EntryPoint}) is never reached on the genuine host, where {all.Name} comes before it by name: " +
            $"give it a name that sorts before {all.Name}.";

    private static string Names(IEnumerable<Function> functions) =>
        string.Join(" and ", functions.Select(function => function.EntryPoint));
}
