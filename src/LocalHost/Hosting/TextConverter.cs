using System.Globalization;
using System.Text.Json;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>Text to a parameter's type, by the rules of the genuine worker's converters.</summary>
internal static class TextConverter
{
    private static readonly HashSet<Type> RouteTypes =
    [
        typeof(string), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(bool), typeof(int), typeof(long),
        typeof(double), typeof(decimal),
    ];

    public static bool CanBindRoute(Type type) => RouteTypes.Contains(Nullable.GetUnderlyingType(type) ?? type);

    /// <exception cref="FormatException">The text is no <paramref name="type"/>.</exception>
    /// <exception cref="JsonException">The text is no JSON of <paramref name="type"/>.</exception>
    public static object? Convert(string text, Type type, JsonSerializerOptions options)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        if (target == typeof(string))
        {
            return text;
        }

        if (target == typeof(Guid))
        {
            return Guid.Parse(text);
        }

        if (target == typeof(DateTimeOffset))
        {
            return DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
        }

        return target == typeof(DateTime)
            ? DateTime.Parse(text, CultureInfo.InvariantCulture)
            : JsonSerializer.Deserialize(text, type, options);
    }
}
