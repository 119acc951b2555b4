using System.Reflection;
using System.Text.RegularExpressions;

namespace Yggdrasil.Contract.Tests;

/// <summary>The HTTP functions of the application, read from its attributes: a new one is tested without being listed.</summary>
internal static partial class HttpFunctions
{
    /// <summary>Serves no route of its own; <see cref="RouteContractTests"/> says what it answers.</summary>
    public const string CatchAll = "WrongRoute";

    /// <summary>The console's files are no part of the API; the console's own tests are about them.</summary>
    private const string Console = "console/";

    private const string Function = "Microsoft.Azure.Functions.Worker.FunctionAttribute";
    private const string HttpTrigger = "Microsoft.Azure.Functions.Worker.HttpTriggerAttribute";

    /// <summary>Name, verb and a path with ids filled in; a function of several verbs is there several times.</summary>
    public static IReadOnlyList<(string Name, string Verb, string Path)> All { get; } =
        [.. Templates().Select(function => (function.Name, function.Verb, Placeholder().Replace(function.Template, "x1")))];

    /// <summary>Verb and template of each route, such as <c>GET /api/runs/{id}</c>.</summary>
    public static IReadOnlyList<string> Routes { get; } = [.. Templates().Select(function => $"{function.Verb} {function.Template}")];

    private static IEnumerable<(string Name, string Verb, string Template)> Templates() =>
           from type in Assembly.LoadFrom(Path.Combine(Path.GetDirectoryName(LocalHostProcess.Assembly)!, "Yggdrasil.Functions.dll")).GetExportedTypes()
           from method in type.GetMethods()
           let name = Attribute(method.CustomAttributes, Function)?.ConstructorArguments[0].Value as string
           let trigger = method.GetParameters().Select(parameter => Attribute(parameter.CustomAttributes, HttpTrigger)).FirstOrDefault(found => found is not null)
           where name is not null && trigger is not null && name != CatchAll && Route(trigger)?.StartsWith(Console, StringComparison.Ordinal) != true
           from verb in Verbs(trigger)
           select (name, verb, $"/{Route(trigger) ?? name}");

    private static CustomAttributeData? Attribute(IEnumerable<CustomAttributeData> attributes, string type) =>
        attributes.FirstOrDefault(attribute => attribute.AttributeType.FullName == type);

    private static string? Route(CustomAttributeData trigger) =>
        trigger.NamedArguments.FirstOrDefault(argument => argument.MemberName == "Route").TypedValue.Value as string;

    // Without verbs a function serves them all.
    private static string[] Verbs(CustomAttributeData trigger)
    {
        var verbs = trigger.ConstructorArguments
            .Select(argument => argument.Value)
            .OfType<IReadOnlyCollection<CustomAttributeTypedArgument>>()
            .SelectMany(list => list)
            .Select(verb => ((string)verb.Value!).ToUpperInvariant())
            // Of a route that is read, HEAD answers what GET does, without the body.
            .Where(verb => verb != "HEAD")
            .ToArray();
        return verbs.Length > 0 ? verbs : ["GET", "POST", "PUT", "DELETE"];
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Placeholder();
}
