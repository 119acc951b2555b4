using System.Text.Json;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;

namespace Yggdrasil.Functions.Http.Reading;

/// <summary>Fields of an answer that a caller sends back unchanged when it reads, changes and puts a resource.</summary>
/// <remarks>They are nobody's to set, so each has to say what is so already: one that differs would be silently lost.</remarks>
internal sealed class ReadOnlyFields
{
    private static readonly TimeSpan Precision = TimeSpan.FromMilliseconds(1);

    private readonly Dictionary<string, JsonElement> _sent = new(StringComparer.Ordinal);

    private ReadOnlyFields()
    {
    }

    /// <summary>Whether none was sent, so that there is nothing to compare with.</summary>
    public bool IsEmpty => _sent.Count == 0;

    /// <param name="names">The fields, by their names in the answer.</param>
    public static ReadOnlyFields Read(JsonFields fields, params ReadOnlySpan<string> names)
    {
        var found = new ReadOnlyFields();
        foreach (var name in names)
        {
            if (fields.Get(name) is { } value)
            {
                found._sent[name] = value;
            }
        }

        return found;
    }

    /// <param name="current">The resource as it is answered; of one that is not there yet, what is known already.</param>
    /// <exception cref="InvalidRequestException">A field differs.</exception>
    public void Require(object current)
    {
        var errors = new FieldErrors();
        var known = JsonSerializer.SerializeToElement(current, current.GetType(), ContractJson.Options);
        foreach (var (name, value) in _sent)
        {
            errors.Require(
                known.TryGetProperty(name, out var now) && IsSame(value, now),
                name,
                "Is not yours to set; leave it out, or send it as it was answered last.");
        }

        errors.ThrowIfAny();
    }

    private static bool IsSame(JsonElement sent, JsonElement now)
    {
        if (JsonElement.DeepEquals(sent, now))
        {
            return true;
        }

        // Clients that parse times write them anew, and some keep no more than milliseconds.
        return sent.ValueKind == JsonValueKind.String && now.ValueKind == JsonValueKind.String
            && sent.TryGetDateTimeOffset(out var sentTime) && now.TryGetDateTimeOffset(out var nowTime)
            && (nowTime - sentTime).Duration() < Precision;
    }
}
