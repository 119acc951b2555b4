namespace Yggdrasil.Problems;

/// <summary>Collects what is wrong with a request, so that its caller learns everything at once.</summary>
public sealed class FieldErrors
{
    /// <summary>Fields named at most; a caller mends some and asks again, and a hostile one gets no large answer.</summary>
    private const int MaxFields = 50;
    private const int MaxFieldLength = 200;

    private readonly Dictionary<string, List<string>> _errors = new(StringComparer.Ordinal);

    public void Add(string field, string message)
    {
        field = field.Length <= MaxFieldLength ? field : $"{field.AsSpan(0, MaxFieldLength)}…";
        if (_errors.Count == MaxFields && !_errors.ContainsKey(field))
        {
            return;
        }

        if (!_errors.TryGetValue(field, out var messages))
        {
            _errors[field] = messages = [];
        }

        messages.Add(message);
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
}
