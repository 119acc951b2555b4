namespace Yggdrasil.Foundation.Problems;

/// <summary>Collects what is wrong with a request, so that its caller learns everything at once.</summary>
/// <remarks>
/// A caller corrects some fields and asks again, so what is told is bounded: 50 fields, 5 messages each, names of 200 and messages of
/// 600 characters. A hostile request gets no large answer.
/// </remarks>
public sealed class FieldErrors
{
    private const int MaxFields = 50;
    private const int MaxMessages = 5;
    private const int MaxFieldLength = 200;
    private const int MaxMessageLength = 600;

    private readonly Dictionary<string, List<string>> _errors = new(StringComparer.Ordinal);

    /// <summary>Whether no other field will be told of: whoever walks a list may stop.</summary>
    public bool IsFull => _errors.Count == MaxFields;

    public void Add(string field, string message)
    {
        field = Cut(field, MaxFieldLength);
        if (!_errors.TryGetValue(field, out var messages))
        {
            if (IsFull)
            {
                return;
            }

            _errors[field] = messages = [];
        }

        message = Cut(message, MaxMessageLength);
        if (messages.Count < MaxMessages && !messages.Contains(message))
        {
            messages.Add(message);
        }
    }

    /// <summary>Adds <paramref name="message"/> unless <paramref name="holds"/>.</summary>
    public void Require(bool holds, string field, string message)
    {
        if (!holds)
        {
            Add(field, message);
        }
    }

    /// <exception cref="InvalidRequestException">Something was added.</exception>
    public void ThrowIfAny()
    {
        if (_errors.Count > 0)
        {
            throw new InvalidRequestException(_errors.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray()));
        }
    }

    /// <summary>Everything added, a line each, for start-up messages.</summary>
    public IEnumerable<string> Lines => _errors.SelectMany(pair => pair.Value.Select(message => $"{pair.Key}: {message}"));

    private static string Cut(string text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }

        // Half a surrogate pair could not be written as JSON.
        var end = char.IsHighSurrogate(text[length - 1]) ? length - 1 : length;
        return $"{text.AsSpan(0, end)}…";
    }
}
