using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Tests.Settings;

/// <summary>Keeps docs/settings.md true: a setting that nobody can find is one that nobody has.</summary>
public sealed partial class SettingsReferenceTests
{
    private const string RegenerateVariable = "UPDATE_SETTINGS";

    private static readonly string Reference = Checkout.PathOf("docs", "settings.md");

    private static readonly Dictionary<string, XElement> Documentation = XDocument
        .Load(Path.ChangeExtension(typeof(RunOptions).Assembly.Location, "xml"))
        .Descendants("member").ToDictionary(member => member.Attribute("name")!.Value);

    [Fact]
    public void Every_setting_is_listed_with_what_it_means()
    {
        string[] lines =
        [
            "# Settings", "",
            "Every setting of the app, as an environment variable. A wrong one, or one that is not here, stops the start and is named in",
            "full. Which to turn when something is wrong is in [operations.md](operations.md). Lists are `…__0`, `…__1` and so on.",
            "Agents of the configuration (`Agents__0__Id`, `Agents__0__Model`, …) have the fields of an agent; `Agents__AllowedModels` lists the models that callers may",
            "choose from for agents without `allowedModels`. Prices (`Prices__0__Model`,",
            "`…__InputPerMillion`, `…__OutputPerMillion`, `…__CachedInputPerMillion`, `…__CacheWritePerMillion`) are US dollars. A provider's key is",
            "`Providers__<name>__ApiKey`, in Azure the vault's secret `providers-<name>-apikey`. `AzureWebJobsStorage` is the storage, as",
            "for every function app.",
            .. Sections().SelectMany(Section),
        ];
        if (Environment.GetEnvironmentVariable(RegenerateVariable) == "1")
        {
            File.WriteAllText(Reference, string.Concat(lines.Select(line => $"{line}\n")));
        }

        var written = File.ReadAllLines(Reference);

        Assert.True(
            lines.SequenceEqual(written),
            $"docs/settings.md differs; {RegenerateVariable}=1 dotnet test tests/Core.Tests --filter {nameof(SettingsReferenceTests)} writes it anew:\n"
            + string.Join('\n', [.. lines.Except(written).Select(line => $"+ {line}"), .. written.Except(lines).Select(line => $"- {line}")]));
    }

    private static IEnumerable<(string Prefix, Type Type)> Sections() =>
        typeof(RunOptions).Assembly.GetExportedTypes()
            .Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && type.GetField("Section") is not null)
            .Select(type => ((string)type.GetField("Section")!.GetRawConstantValue()!, type))
            .Append(("Providers:<name>", typeof(ProviderOptions)))
            .Select(section => ($"{section.Item1.Replace(":", "__", StringComparison.Ordinal)}__", section.Item2))
            .OrderBy(section => section.Item1, StringComparer.Ordinal);

    private static IEnumerable<string> Section((string Prefix, Type Type) section) =>
        ["", $"## {section.Prefix}…", "", $"{Text(Member('T', section.Type))}", "", "| setting | default | |", "|---|---|---|", .. Rows(section.Prefix, section.Type)];

    private static IEnumerable<string> Rows(string prefix, Type type)
    {
        var defaults = Activator.CreateInstance(type);
        foreach (var property in type.GetProperties().Where(IsSetting))
        {
            var (name, value) = (prefix + property.Name, property.GetValue(defaults));
            if (property.PropertyType is { IsClass: true, Namespace: [..] space } inner && space.StartsWith("Yggdrasil", StringComparison.Ordinal))
            {
                foreach (var row in Rows($"{name}__", inner))
                {
                    yield return row;
                }

                continue;
            }

            var suffix = value switch { IDictionary => $"__<{property.Name.TrimEnd('s').ToLowerInvariant()}>__…", IList => "__0", _ => "" };
            var meaning = Text(Member('P', type, property.Name));
            Assert.False(meaning.Length == 0, $"{name} does not say what it means.");
            var fallback = type == typeof(ProviderOptions) && property.Name is nameof(ProviderOptions.Type) or nameof(ProviderOptions.Endpoint) ? "the provider's" : Default(value);
            yield return $"| `{name}{suffix}` | {fallback} | {meaning.Replace("|", "\\|", StringComparison.Ordinal)} |";
        }
    }

    // A provider also has what follows from its name.
    private static bool IsSetting(PropertyInfo property) => property.DeclaringType == typeof(ProviderOptions)
        ? ProviderSettingsReader.KnownSettings.Contains(property.Name)
        : property.SetMethod?.IsPublic == true || typeof(IEnumerable).IsAssignableFrom(property.PropertyType);

    private static string Default(object? value) => value switch
    {
        null or "" or ICollection { Count: 0 } => "none",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => $"`{value}`",
    };

    private static XElement? Member(char kind, Type type, string? name = null) =>
        Documentation.GetValueOrDefault($"{kind}:{type.FullName!.Replace('+', '.')}{(name is null ? "" : $".{name}")}");

    private static string Text(XElement? member)
    {
        var summary = member?.Element("inheritdoc") is { } inherited
            ? Documentation.GetValueOrDefault(inherited.Attribute("cref")!.Value)?.Element("summary")
            : member?.Element("summary");
        return Space().Replace(string.Concat(summary?.Nodes().Select(Text) ?? []), " ").Trim();
    }

    private static string Text(XNode node) => node switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see => $"`{(see.Attribute("cref") ?? see.Attribute("langword"))!.Value.Split('.')[^1]}`",
        XElement element => string.Concat(element.Nodes().Select(Text)),
        XText text => text.Value,
        _ => "",
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
