using System.Collections;
using System.ComponentModel;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Yggdrasil.Foundation.Settings;

/// <summary>Compares a section with the type it is bound to: finds unknown settings and values of the wrong kind.</summary>
/// <remarks>
/// The configuration binder alone ignores the first and stops at the first of the second, with an exception that names
/// neither the setting as it was set nor the other problems, but shows the value. Here what fits is bound, what does not
/// keeps its default, and <see cref="Problems"/> has the rest, without values.
/// </remarks>
public sealed class SettingsShape
{
    private readonly List<string> _problems = [];
    private readonly Dictionary<string, string?> _valid = new(StringComparer.OrdinalIgnoreCase);

    private SettingsShape()
    {
    }

    /// <summary>What is wrong, each entry naming a setting in full.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <param name="section">The settings as they are.</param>
    /// <param name="type">An options type: public properties of simple types, lists, dictionaries by name, and further such types.</param>
    public static SettingsShape Of(IConfigurationSection section, Type type)
    {
        var shape = new SettingsShape();
        shape.ReadObject(section, type, relative: "");
        return shape;
    }

    /// <summary>Binds what is valid; the rest of <paramref name="options"/> stays as it is.</summary>
    public void Bind(object options) =>
        new ConfigurationBuilder().AddInMemoryCollection(_valid).Build().Bind(options);

    private void ReadObject(IConfigurationSection section, Type type, string relative)
    {
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.SetMethod?.IsPublic == true
                || ItemTypeOf(property.PropertyType) is not null || NamedTypeOf(property.PropertyType) is not null)
            .ToDictionary(property => property.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            if (properties.TryGetValue(child.Key, out var property))
            {
                ReadValue(child, property.PropertyType, $"{relative}{property.Name}");
            }
            else
            {
                _problems.Add(SettingNames.Unknown(section.Path, child.Key, properties.Keys));
            }
        }
    }

    private void ReadValue(IConfigurationSection section, Type type, string relative)
    {
        var simple = Nullable.GetUnderlyingType(type) ?? type;
        if (ItemTypeOf(simple) is { } item)
        {
            ReadList(section, item, relative);
        }
        else if (NamedTypeOf(simple) is { } named)
        {
            // Under names that whoever deploys chooses, such as tenants.
            foreach (var child in section.GetChildren())
            {
                ReadValue(child, named, $"{relative}:{child.Key}");
            }
        }
        else if (simple == typeof(string) || TypeDescriptor.GetConverter(simple).CanConvertFrom(typeof(string)))
        {
            ReadSimple(section, simple, relative);
        }
        else
        {
            ReadObject(section, simple, $"{relative}:");
        }
    }

    private void ReadList(IConfigurationSection section, Type item, string relative)
    {
        if (!string.IsNullOrEmpty(section.Value))
        {
            _problems.Add($"{SettingNames.Of(section.Path)} is a list: set {SettingNames.Of(section.Path)}__0 and so on.");
        }

        foreach (var child in section.GetChildren())
        {
            ReadValue(child, item, $"{relative}:{child.Key}");
        }
    }

    private void ReadSimple(IConfigurationSection section, Type type, string relative)
    {
        var name = SettingNames.Of(section.Path);
        if (section.GetChildren().FirstOrDefault() is { } child)
        {
            _problems.Add($"{SettingNames.Of(child.Path)} is no setting: {name} is a single value.");
        }
        else if (!Fits(section.Value, type))
        {
            _problems.Add($"{name} must be {Kind(type)}.");
        }
        else if (!string.IsNullOrEmpty(section.Value))
        {
            // An empty variable is how many platforms say "not set".
            _valid[relative] = section.Value;
        }
    }

    private static bool Fits(string? value, Type type)
    {
        if (type == typeof(string) || string.IsNullOrEmpty(value))
        {
            return true;
        }

        try
        {
            // The binder's own conversion, so that nothing passes here and fails there.
            return TypeDescriptor.GetConverter(type).ConvertFromInvariantString(value) is not null;
        }
        catch (Exception unfit) when (unfit is FormatException or ArgumentException or OverflowException or NotSupportedException)
        {
            return false;
        }
    }

    private static Type? ItemTypeOf(Type type) =>
        type != typeof(string) && type.IsAssignableTo(typeof(IEnumerable)) && type.GenericTypeArguments is [var item] ? item : null;

    private static Type? NamedTypeOf(Type type) =>
        type.IsAssignableTo(typeof(IDictionary)) && type.GenericTypeArguments is [var key, var value] && key == typeof(string) ? value : null;

    private static string Kind(Type type) =>
        type == typeof(bool) ? "true or false"
        : type == typeof(int) || type == typeof(long) ? "a whole number"
        : type == typeof(double) || type == typeof(float) || type == typeof(decimal) ? "a number"
        : type == typeof(TimeSpan) ? "a duration such as 00:00:30"
        : type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type))}"
        : $"a {type.Name}";
}
