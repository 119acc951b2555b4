using System.Globalization;
using System.Text.Json;
using Yggdrasil.Models.Wire;

namespace Yggdrasil.Models.Failures;

/// <summary>Reads the error bodies of the vendors, which agree on little but an <c>error</c> with a code or a message.</summary>
internal static class UpstreamErrors
{
    private const int MaxDepth = 6;
    private const int MaxTexts = 50;

    /// <summary>Never throws: a body may be cut off, HTML of some proxy, or nothing.</summary>
    public static UpstreamError Read(string? body)
    {
        if (string.IsNullOrEmpty(body))
        {
            return UpstreamError.None;
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            return Of(document.RootElement);
        }
        catch (JsonException)
        {
            // No JSON, so no code: the status alone decides.
            return UpstreamError.None;
        }
    }

    /// <summary>The error that a JSON text is in place of an answer; null where it is none.</summary>
    public static UpstreamError? In(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var isError = (json.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.Object or JsonValueKind.String or JsonValueKind.True)
            || Is(json, "object", "error")
            || Is(json, "type", "error")
            || (!json.TryGetProperty("choices", out _)
                && (json.TryGetProperty("detail", out _) || (json.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String)));
        return isError ? Of(json) : null;
    }

    private static bool Is(JsonElement json, string name, string value) =>
        json.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.String && LenientText.Of(found) == value;

    private static UpstreamError Of(JsonElement json)
    {
        var said = new Said();
        said.Collect(json, depth: 0);
        var reason = said.Any ? new UpstreamReason(said.Code, said.Type, said.Param, said.Message) : null;
        return new UpstreamError(UpstreamErrorMarks.KindOf(said.Texts))
        {
            Status = said.Status ?? UpstreamErrorMarks.StatusOf(said.Code) ?? UpstreamErrorMarks.StatusOf(said.Type),
            RetryAfter = said.RetryAfter ?? said.Texts.Select(WaitHint.InWords).FirstOrDefault(wait => wait is not null),
            Reason = reason,
        };
    }

    /// <summary>Codes, types and messages of an error; not its whole body, which may quote the prompt.</summary>
    private sealed class Said
    {
        public List<string> Texts { get; } = [];

        public string? Code { get; private set; }

        public string? Type { get; private set; }

        public string? Param { get; private set; }

        public string? Message { get; private set; }

        public int? Status { get; private set; }

        public TimeSpan? RetryAfter { get; private set; }

        public bool Any => (Code ?? Type ?? Param ?? Message) is not null;

        public void Collect(JsonElement element, int depth)
        {
            if (depth > MaxDepth || Texts.Count > MaxTexts)
            {
                return;
            }

            if (element.ValueKind == JsonValueKind.Array)
            {
                // Gemini wraps its error in an array; FastAPI lists what is wrong with each field.
                foreach (var item in element.EnumerateArray().Take(MaxTexts))
                {
                    Collect(item, depth + 1);
                }
            }
            else if (element.ValueKind == JsonValueKind.Object)
            {
                foreach (var member in element.EnumerateObject())
                {
                    Take(member.Name, member.Value, depth);
                }
            }
        }

        private void Take(string name, JsonElement value, int depth)
        {
            var text = LenientText.Of(value);
            switch (name)
            {
                case "error" or "innererror" or "detail" or "details" or "metadata":
                    var words = Noted(text);
                    Message = name is "metadata" ? Message : Message ?? words;
                    Collect(value, depth + 1);
                    break;
                case "message" or "msg" when text is null:
                    // Mistral puts what FastAPI says into its message.
                    Collect(value, depth + 1);
                    break;
                case "message" or "msg" or "raw":
                    var message = Noted(text);
                    Message ??= message;
                    break;
                case "code":
                    TakeCode(value, text);
                    break;
                case "type":
                    // "error" is what it is, not which.
                    var type = Noted(text);
                    Type = text is "error" ? Type : Type ?? type;
                    break;
                case "status":
                    var state = Noted(text);
                    Type ??= state;
                    Status ??= StatusIn(value);
                    break;
                case "status_code" or "http_code":
                    Status ??= StatusIn(value);
                    break;
                case "param" or "field":
                    Param ??= text;
                    break;
                case "loc" when value.ValueKind == JsonValueKind.Array:
                    Param ??= string.Join('.', value.EnumerateArray().Take(8).Select(part => LenientText.Of(part) ?? part.GetRawText()));
                    break;
                case "reason" when Code is null:
                    Code = Noted(text);
                    break;
                case "retryDelay" or "retry_after" or "retry_after_seconds" or "retryAfter":
                    RetryAfter ??= WaitHint.Parse(text ?? (value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null), DateTimeOffset.MinValue);
                    break;
            }
        }

        private void TakeCode(JsonElement value, string? text)
        {
            var noted = Noted(text);
            Code ??= noted ?? (value.ValueKind == JsonValueKind.Number ? value.GetRawText() : null);
            Status ??= StatusIn(value);
        }

        private string? Noted(string? text)
        {
            if (text is { Length: > 0 })
            {
                Texts.Add(text);
            }

            return text is { Length: > 0 } ? text : null;
        }

        private static int? StatusIn(JsonElement value) =>
            int.TryParse(LenientText.Of(value) ?? (value.ValueKind == JsonValueKind.Number ? value.GetRawText() : ""), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            && status is >= 400 and < 600
                ? status
                : null;
    }
}
