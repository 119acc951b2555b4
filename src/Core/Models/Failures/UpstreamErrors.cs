using System.Globalization;
using System.Text.Json;
using Yggdrasil.Models.Metering;
using Yggdrasil.Models.Wire;

namespace Yggdrasil.Models.Failures;

/// <summary>Reads the error bodies of the vendors, which agree on little but an <c>error</c> with a code or a message.</summary>
internal static class UpstreamErrors
{
    private const int MaxDepth = 6;
    private const int MaxTexts = 50;

    /// <summary>Never throws: a body may be cut off, HTML of some proxy, or nothing.</summary>
    /// <param name="key">The key that was sent, which is not to be read from the body.</param>
    public static UpstreamError Read(string? body, SentKey? key = null)
    {
        if (string.IsNullOrEmpty(body))
        {
            return UpstreamError.None;
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            return Of(document.RootElement, key);
        }
        catch (JsonException)
        {
            // No JSON, so no code: the status alone decides.
            return UpstreamError.None;
        }
    }

    /// <summary>The error that a JSON text is in place of an answer; null where it is none.</summary>
    /// <param name="key">The key that was sent, which is not to be read from the text.</param>
    public static UpstreamError? In(JsonElement json, SentKey? key = null)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var isError = (json.TryGetProperty("error", out var error) && SaysSomething(error))
            || Is(json, "object", "error")
            || Is(json, "type", "error")
            || (!(json.TryGetProperty("choices", out var choices) && choices.ValueKind == JsonValueKind.Array) && IsErrorWithoutOne(json));
        return isError ? Of(json, key) : null;
    }

    /// <summary>What servers and gateways say in place of an answer that do not call it an error.</summary>
    private static bool IsErrorWithoutOne(JsonElement json) =>
        (json.TryGetProperty("detail", out var detail) && SaysSomething(detail))
        || (json.TryGetProperty("errors", out var errors) && SaysSomething(errors))
        || (json.TryGetProperty("success", out var success) && success.ValueKind == JsonValueKind.False)
        || (json.TryGetProperty("base_resp", out var minimax) && minimax.ValueKind == JsonValueKind.Object)
        || (json.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.String)
        || (json.TryGetProperty("msg", out var words) && words.ValueKind == JsonValueKind.String);

    private static bool SaysSomething(JsonElement error) => error.ValueKind switch
    {
        JsonValueKind.Object => error.EnumerateObject().Any(),
        JsonValueKind.Array => error.GetArrayLength() > 0,
        JsonValueKind.String => !error.ValueEquals(""u8),
        JsonValueKind.Number => !error.TryGetInt64(out var code) || code != 0,
        var kind => kind == JsonValueKind.True,
    };

    private static bool Is(JsonElement json, string name, string value) =>
        json.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.String && LenientText.Of(found) == value;

    private static UpstreamError Of(JsonElement json, SentKey? key)
    {
        var said = new Said();
        said.Collect(json, depth: 0);
        var reason = said.Any ? new UpstreamReason(Hide(said.Code), Hide(said.Type), Hide(said.Param), Hide(said.Message)) : null;
        return new UpstreamError(UpstreamErrorMarks.KindOf(said.Texts))
        {
            Status = said.Status ?? UpstreamErrorMarks.StatusOf(said.Code) ?? UpstreamErrorMarks.StatusOf(said.Type),
            RetryAfter = said.RetryAfter ?? said.Texts.Select(WaitHint.InWords).FirstOrDefault(wait => wait is not null),
            Reason = reason,
        };

        // Before the message is bounded: half a key would not be found any more.
        string? Hide(string? text) => key is null ? text : key.Hide(text);
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
                    if (item.ValueKind == JsonValueKind.String)
                    {
                        var words = Noted(LenientText.Of(item));
                        Message ??= words;
                    }

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
                case "error" or "errors" or "innererror" or "detail" or "details" or "metadata" or "base_resp":
                    var words = Noted(text);
                    Message = name is "metadata" ? Message : Message ?? words;
                    Status ??= StatusIn(value);
                    Collect(value, depth + 1);
                    break;
                case "message" or "msg" when text is null:
                    // Mistral puts what FastAPI says into its message.
                    Collect(value, depth + 1);
                    break;
                case "message" or "msg" or "status_msg" or "raw":
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
