using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Yggdrasil.Redaction;

namespace Yggdrasil.Models.Failures;

/// <summary>
/// The reason that a provider gave for its failure. Only operators see it. Values that look secret or personal are replaced; the
/// message may still quote a few words of the request.
/// </summary>
public sealed partial record UpstreamReason
{
    private const int MaxName = 64;
    private const int MaxMessage = 300;

    /// <param name="code">The error's <c>code</c>, where it has one.</param>
    /// <param name="type">Its <c>type</c> or <c>status</c>.</param>
    /// <param name="param">Its <c>param</c>: the field of the request that it is about.</param>
    /// <param name="message">Its message, however long.</param>
    public UpstreamReason(string? code, string? type, string? param, string? message)
    {
        (Code, Type, Param) = (Name(code), Name(type), Name(param));
        Message = message is { Length: > 0 } ? Bounded(SensitiveText.Mask(Bounded(Line().Replace(message, " "), 4 * MaxMessage)), MaxMessage) : null;
    }

    /// <summary>Such as <c>invalid_value</c>; at most 64 characters.</summary>
    public string? Code { get; }

    /// <summary>Such as <c>invalid_request_error</c>; at most 64 characters.</summary>
    public string? Type { get; }

    /// <summary>Such as <c>messages[1].tool_calls[0].id</c>; at most 64 characters.</summary>
    public string? Param { get; }

    /// <summary>At most 300 characters in one line.</summary>
    public string? Message { get; }

    /// <summary>What tells one kind of refusal from another: its code, type and param, never its message.</summary>
    [JsonIgnore]
    public string Kind => string.Join(' ', new[] { Code, Type, Param }.Where(part => part is not null).Distinct());

    public override string ToString() => Kind.Length == 0 ? Message ?? "" : Message is null ? Kind : $"{Kind}: {Message}";

    /// <summary>Only what a name is made of, so that nothing else gets where names go.</summary>
    private static string? Name(string? text) => text is { Length: > 0 } ? Bounded(NoName().Replace(SensitiveText.Mask(Bounded(text, 4 * MaxMessage)), "_"), MaxName) : null;

    private static string Bounded(string text, int length) =>
        text.Length <= length ? text : $"{text[..(char.IsHighSurrogate(text[length - 2]) ? length - 2 : length - 1)]}…";

    [GeneratedRegex(@"\s+")]
    private static partial Regex Line();

    [GeneratedRegex(@"[^A-Za-z0-9_.\[\]-]")]
    private static partial Regex NoName();
}
