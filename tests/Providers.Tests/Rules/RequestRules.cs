using System.Text.Json;
using System.Text.RegularExpressions;

namespace Yggdrasil.Conformance.Tests.Rules;

/// <summary>Rules that several providers have, each by the source that its user names.</summary>
internal static partial class RequestRules
{
    public static IEnumerable<JsonElement> Messages(JsonElement request) => request.GetProperty("messages").EnumerateArray();

    public static string Role(JsonElement message) => message.GetProperty("role").GetString()!;

    public static IEnumerable<JsonElement> Calls(JsonElement request) => Messages(request)
        .Where(message => message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array)
        .SelectMany(message => message.GetProperty("tool_calls").EnumerateArray());

    public static Rule NoField(string source, int status, params string[] names) => new(
        request => names.FirstOrDefault(name => request.TryGetProperty(name, out _)) is { } name ? $"Extra inputs are not permitted: {name}" : null,
        source,
        status);

    public static Rule NoMessageField(string source, int status, params string[] names) => new(
        request => Messages(request).Any(message => names.Any(name => message.TryGetProperty(name, out _)))
            ? $"Extra inputs are not permitted in messages: {string.Join(", ", names)}"
            : null,
        source,
        status);

    public static Rule RoleNotAfter(string source, string role, string before) => new(
        request => Messages(request).Zip(Messages(request).Skip(1)).Any(pair => Role(pair.First) == before && Role(pair.Second) == role)
            ? $"Unexpected role '{role}' after role '{before}'"
            : null,
        source);

    public static Rule FirstIsUser(string source) => new(
        request => Messages(request).Select(Role).FirstOrDefault(role => role is not ("system" or "developer")) is not "user"
            ? "The first message after the system messages must be of the user."
            : null,
        source);

    public static Rule CallIds(string source, Regex form) => new(
        request => Calls(request).Select(call => call.GetProperty("id").GetString()!).FirstOrDefault(id => !form.IsMatch(id)) is { } id
            ? $"Tool call id was {id} but must match {form}"
            : null,
        source);

    public static Rule CallIdsAnswered(string source) => new(
        request =>
        {
            var called = Calls(request).Select(call => call.GetProperty("id").GetString()!).ToList();
            var answered = Messages(request).Where(message => Role(message) == "tool").Select(message => message.GetProperty("tool_call_id").GetString()!).ToList();
            return called.Order().SequenceEqual(answered.Order()) && called.Distinct().Count() == called.Count
                ? null
                : "Each tool call must be answered by exactly one tool message, and its id be used once.";
        },
        source);

    public static Rule ToolNames(string source) => new(
        request => Calls(request).All(call => ToolName().IsMatch(call.GetProperty("function").GetProperty("name").GetString()!))
            ? null
            : "Invalid 'messages.tool_calls.function.name': string does not match pattern '^[a-zA-Z0-9_-]{1,64}$'.",
        source);

    public static Rule ArgumentsAreObjects(string source) => new(
        request => Calls(request).All(call => IsObject(call.GetProperty("function").GetProperty("arguments").GetString()!))
            ? null
            : "Tool call arguments must be a JSON object.",
        source);

    public static Rule NoResponseFormat(string source, string type, string words) => new(
        request => request.TryGetProperty("response_format", out var format) && format.GetProperty("type").GetString() == type ? words : null,
        source);

    public static Rule NoEmptyTools(string source) => new(
        request => request.TryGetProperty("tools", out var tools) && tools.GetArrayLength() == 0 ? "[] is too short - 'tools'" : null,
        source);

    private static bool IsObject(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [GeneratedRegex("^[a-zA-Z0-9_-]{1,64}$")]
    private static partial Regex ToolName();
}
