using System.Text;
using System.Text.Json;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Foundation.Schemas;
using Yggdrasil.Functions.Http.Answering;

namespace Yggdrasil.Functions.Http.Reading;

/// <summary>
/// Reads the fields of a JSON object one by one and collects everything that is wrong with them, so that a caller learns
/// of all mistakes at once. A field that nobody asked for is a mistake too.
/// </summary>
internal sealed class JsonFields(JsonElement element, FieldErrors errors, string path = "")
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public FieldErrors Errors { get; } = errors;

    public string PathOf(string name) => path + name;

    /// <summary>The field's value unless it is absent or null.</summary>
    public JsonElement? Get(string name)
    {
        _known.Add(name);
        return element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public string? String(string name, int maxBytes = int.MaxValue)
    {
        if (Get(name) is not { } value)
        {
            return null;
        }

        if (!TryGetText(value, out var text))
        {
            Errors.Add(PathOf(name), "Must be a string of valid Unicode.");
            return null;
        }

        Errors.Require(Encoding.UTF8.GetByteCount(text) <= maxBytes, PathOf(name), $"At most {maxBytes / 1024} KiB of UTF-8.");
        return text;
    }

    public int? Integer(string name)
    {
        if (Get(name) is not { } value)
        {
            return null;
        }

        if (JsonIntegers.TryRead(value, out var number) && number is >= int.MinValue and <= int.MaxValue)
        {
            return (int)number;
        }

        Errors.Add(PathOf(name), "Must be an integer.");
        return null;
    }

    public bool? Boolean(string name)
    {
        if (Get(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return value.GetBoolean();
        }

        Errors.Add(PathOf(name), "Must be true or false.");
        return null;
    }

    public long? Long(string name)
    {
        if (Get(name) is not { } value)
        {
            return null;
        }

        if (JsonIntegers.TryRead(value, out var number))
        {
            return number;
        }

        Errors.Add(PathOf(name), "Must be an integer.");
        return null;
    }

    public decimal? Decimal(string name)
    {
        if (Get(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number))
        {
            return number;
        }

        Errors.Add(PathOf(name), "Must be a number.");
        return null;
    }

    public float? Number(string name)
    {
        if (Get(name) is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetSingle(out var number) && float.IsFinite(number))
        {
            return number;
        }

        Errors.Add(PathOf(name), "Must be a number.");
        return null;
    }

    public JsonElement? Object(string name)
    {
        var value = Get(name);
        if (value is null or { ValueKind: JsonValueKind.Object })
        {
            return value;
        }

        Errors.Add(PathOf(name), "Must be an object.");
        return null;
    }

    /// <summary>A value of an enum, by its snake_case name.</summary>
    public T? Choice<T>(string name)
        where T : struct, Enum
    {
        if (Get(name) is not { } value)
        {
            return null;
        }

        var choices = ContractJson.Choices<T>();
        if (value.ValueKind == JsonValueKind.String && TryGetText(value, out var text) && choices.TryGetValue(text, out var found))
        {
            return found;
        }

        Errors.Add(PathOf(name), $"Must be one of {string.Join(", ", choices.Keys)}.");
        return null;
    }

    /// <param name="most">Items beyond which the list is refused without looking at them.</param>
    public IReadOnlyList<string> Strings(string name, int most)
    {
        if (Get(name) is not { } value)
        {
            return [];
        }

        List<string> texts = [];
        if (value.ValueKind != JsonValueKind.Array)
        {
            Errors.Add(PathOf(name), "Must be an array of strings.");
            return texts;
        }

        if (value.GetArrayLength() > most)
        {
            Errors.Add(PathOf(name), $"At most {most} items.");
            return texts;
        }

        foreach (var (index, item) in value.EnumerateArray().Index())
        {
            if (TryGetText(item, out var text))
            {
                texts.Add(text);
            }
            else
            {
                Errors.Add($"{PathOf(name)}[{index}]", "Must be a string of valid Unicode.");
            }
        }

        return texts;
    }

    /// <summary>Call last: names every field that was not asked for.</summary>
    public void RejectOthers()
    {
        var message = _known.Count == 0
            ? "There is no such field; the body is to be empty."
            : $"There is no such field. Fields: {string.Join(", ", _known.Order(StringComparer.Ordinal))}.";
        foreach (var property in element.EnumerateObject().TakeWhile(_ => !Errors.IsFull).Where(property => !_known.Contains(property.Name)))
        {
            Errors.Add(PathOf(property.Name), message);
        }
    }

    /// <summary>Reads a string; one with a lone surrogate escape is valid JSON but no text.</summary>
    public static bool TryGetText(JsonElement value, out string text)
    {
        text = "";
        if (value.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        try
        {
            text = value.GetString()!;
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
