using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Redaction;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>The arguments of a call as the model wrote them, byte for byte: another spelling would cost its prompt cache.</summary>
/// <remarks>
/// Kept only where they differ from what <see cref="ToJson"/> makes of the parsed ones, which is rare. They go with
/// the parsed ones: redaction, which changes those, drops these.
/// </remarks>
internal static class WrittenArguments
{
    /// <summary>The additional property of a call that holds its arguments as written.</summary>
    public const string Property = MessageText.WrittenArguments;

    private const string None = "{}";

    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };
    private static readonly JsonDocumentOptions Unambiguous = new() { AllowDuplicateProperties = false };

    /// <summary>Completes a call that was just answered.</summary>
    /// <param name="text">What the model wrote; null where the vendor's package does not say.</param>
    public static void Note(FunctionCallContent call, string? text)
    {
        if (text is not null && (string.IsNullOrWhiteSpace(text) || text.AsSpan().Trim() is "null"))
        {
            // A call of a tool without parameters, as many servers write it.
            (call.Arguments, call.Exception) = (new Dictionary<string, object?>(), null);
            return;
        }

        if (call.Exception is not null)
        {
            return;
        }

        call.Arguments ??= new Dictionary<string, object?>();
        if (text is not null && text != ToJson(call.Arguments) && IsUnambiguous(text))
        {
            (call.AdditionalProperties ??= [])[Property] = text;
        }
    }

    /// <summary>The arguments as they are sent back: always a JSON object.</summary>
    public static string Of(FunctionCallContent call) => call.ReadText(Property) ?? ToJson(call.Arguments);

    private static string ToJson(IDictionary<string, object?>? arguments)
    {
        if (arguments is null or { Count: 0 })
        {
            return None;
        }

        try
        {
            return JsonSerializer.Serialize(arguments, Compact);
        }
        catch (Exception exception) when (exception is InvalidOperationException or JsonException or ArgumentException or NotSupportedException)
        {
            // Half a surrogate pair, which no JSON text can hold: the call was refused, and its result says so.
            return None;
        }
    }

    /// <summary>A name given twice would hide what stands under it first, from redaction too.</summary>
    private static bool IsUnambiguous(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(text), Unambiguous);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // The second for half a surrogate pair in a name.
            return false;
        }
    }
}
