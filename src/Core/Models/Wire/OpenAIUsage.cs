using System.Globalization;
using System.Text.Json;

namespace Yggdrasil.Models.Wire;

/// <summary>The tokens of an answer, as the last report of them says: many servers report what was used so far with every chunk.</summary>
internal sealed class OpenAIUsage
{
    private static readonly string[] InputNames = ["prompt_tokens", "input_tokens"];
    private static readonly string[] OutputNames = ["completion_tokens", "output_tokens"];

    private long _input;
    private long _output;
    private long _cached;
    private long _reasoning;
    private long _audio;

    /// <summary>Tokens that were written to the provider's prompt cache; OpenAI's own format has no place for them.</summary>
    public long? CacheWrite { get; private set; }

    /// <summary>Whether there was a report.</summary>
    public bool Any { get; private set; }

    public void Take(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        var (input, output) = (Number(usage, InputNames) ?? 0, Number(usage, OutputNames) ?? 0);
        if (Any && input == 0 && output == 0)
        {
            // An end without numbers takes back none.
            return;
        }

        Any = true;
        (_input, _output) = (input, output);
        _cached = Detail(usage, "prompt_tokens_details", "cached_tokens") ?? Detail(usage, "input_tokens_details", "cached_tokens")
            ?? Number(usage, "prompt_cache_hit_tokens") ?? Number(usage, "cache_read_input_tokens") ?? Number(usage, "cached_tokens") ?? 0;
        CacheWrite = Detail(usage, "prompt_tokens_details", "cache_write_tokens") ?? Detail(usage, "prompt_tokens_details", "cache_creation_tokens")
            ?? Detail(usage, "prompt_tokens_details", "cache_creation_input_tokens") ?? Number(usage, "cache_creation_input_tokens");
        _reasoning = Detail(usage, "completion_tokens_details", "reasoning_tokens") ?? Detail(usage, "output_tokens_details", "reasoning_tokens")
            ?? Number(usage, "reasoning_tokens") ?? 0;
        _audio = Detail(usage, "completion_tokens_details", "audio_tokens") ?? 0;
    }

    /// <summary>Writes the last report as <c>usage</c>.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", _input);
        json.WriteNumber("completion_tokens", _output);
        json.WriteNumber("total_tokens", Math.Min(_input + _output, int.MaxValue));
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", _cached);
        json.WriteEndObject();
        json.WriteStartObject("completion_tokens_details");
        json.WriteNumber("reasoning_tokens", _reasoning);
        json.WriteNumber("audio_tokens", _audio);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static long? Detail(JsonElement usage, string group, string name) =>
        usage.TryGetProperty(group, out var details) && details.ValueKind == JsonValueKind.Object ? Number(details, name) : null;

    private static long? Number(JsonElement json, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (!json.TryGetProperty(name, out var value))
            {
                continue;
            }

            var number = value.ValueKind switch
            {
                JsonValueKind.Number => value.TryGetDouble(out var exact) ? exact : (double?)null,
                JsonValueKind.String when double.TryParse(LenientText.Of(value), NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) => parsed,
                _ => null,
            };
            if (number is { } known)
            {
                return (long)Math.Clamp(double.IsNaN(known) ? 0 : known, 0, int.MaxValue);
            }
        }

        return null;
    }
}
