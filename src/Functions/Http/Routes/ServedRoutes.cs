using System.Reflection;
using Microsoft.AspNetCore.Routing.Template;
using Microsoft.Azure.Functions.Worker;

namespace Yggdrasil.Functions.Http.Routes;

/// <summary>The routes of this app's functions, by their declarations.</summary>
internal static class ServedRoutes
{
    private static readonly Lazy<IReadOnlyList<(TemplateMatcher Path, IReadOnlyList<string> Verbs)>> Routes = new(Find);

    /// <summary>The verbs under which a path is served, in capitals and in order; none for one that is not.</summary>
    public static IReadOnlyList<string> VerbsOf(PathString path) =>
    [
        .. Routes.Value
            .Where(route => route.Path.TryMatch(path, []))
            .SelectMany(route => route.Verbs)
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    private static List<(TemplateMatcher Path, IReadOnlyList<string> Verbs)> Find()
    {
        var triggers =
            from type in typeof(ServedRoutes).Assembly.GetExportedTypes()
            from method in type.GetMethods()
            from parameter in method.GetParameters()
            let trigger = parameter.GetCustomAttribute<HttpTriggerAttribute>()
            where trigger?.Route is not null
            select trigger;

        // Those that serve whatever there is say nothing about what there is.
        return
        [
            .. from trigger in triggers
               let template = TemplateParser.Parse(trigger.Route!)
               where !template.Parameters.Any(parameter => parameter.IsCatchAll)
               select (new TemplateMatcher(template, []), (IReadOnlyList<string>)[.. (trigger.Methods ?? []).Select(verb => verb.ToUpperInvariant())]),
        ];
    }
}
