using System.Collections;

namespace Yggdrasil.Redaction.Logging;

/// <summary>What a log call or a scope carries, masked: its message and, for structured sinks, its named values.</summary>
internal sealed class RedactedState : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly KeyValuePair<string, object?>[] _values;
    private readonly string _message;

    private RedactedState(string message, KeyValuePair<string, object?>[] values) => (_message, _values) = (message, values);

    public int Count => _values.Length;

    public KeyValuePair<string, object?> this[int index] => _values[index];

    public static RedactedState Of<TState>(TState state, string message) => new(
        SensitiveText.Mask(message),
        state is IEnumerable<KeyValuePair<string, object?>> values
            ? [.. values.Select(pair => KeyValuePair.Create(pair.Key, Redact(pair.Key, pair.Value)))]
            : []);

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => ((IEnumerable<KeyValuePair<string, object?>>)_values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => _message;

    /// <remarks>Numbers, times and ids keep their types: sinks index them, and nothing found in text looks like them.</remarks>
    private static object? Redact(string name, object? value)
    {
        switch (value)
        {
            case null or bool or Guid or DateTime or DateTimeOffset or TimeSpan or Enum:
            case byte or sbyte or short or ushort or int or uint or float or double or decimal:
                return value;
            case string text:
                return Redact(name, text);
            case Exception exception:
                return RedactedException.Of(exception);
            case IEnumerable items:
                return items.Cast<object?>().Select(item => Redact(name, item)).ToArray();
            default:
                var written = value.ToString() ?? "";
                return SensitiveText.Mask(written) is var masked && ReferenceEquals(masked, written) ? value : masked;
        }
    }

    /// <summary>A value is also judged under its name: of <c>{Password}</c> only the name tells what it is.</summary>
    private static string Redact(string name, string text)
    {
        var masked = SensitiveText.Mask(text);
        if (!ReferenceEquals(masked, text))
        {
            return masked;
        }

        var labelled = $"{name}={text}";
        return SensitiveText.Find(labelled) is { Count: > 0 } findings && findings[0].Start > name.Length
            ? SensitiveText.MaskOf(findings[0].Kind)
            : text;
    }
}
