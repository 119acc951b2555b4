using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Redaction;

/// <summary>Rewrites every text within a message: prose, reasoning, arguments and results of tool calls.</summary>
/// <remarks>
/// What does not change stays the same instance. What changes is made anew, without <c>RawRepresentation</c>: providers'
/// packages send that in place of the content where it is there.
/// </remarks>
internal static class MessageText
{
    /// <summary>The additional property of a call that holds its arguments as the model wrote them, in one text.</summary>
    public const string WrittenArguments = "writtenArguments";

    public static ChatMessage Rewrite(ChatMessage message, Func<string, string> rewrite)
    {
        var contents = message.Contents.Select(content => Rewrite(content, rewrite)).ToList();
        if (contents.SequenceEqual(message.Contents, ReferenceEqualityComparer.Instance))
        {
            return message;
        }

        var rewritten = message.Clone();
        (rewritten.Contents, rewritten.RawRepresentation) = (contents, null);
        return rewritten;
    }

    public static AIContent Rewrite(AIContent content, Func<string, string> rewrite)
    {
        switch (content)
        {
            case TextContent prose:
                var text = rewrite(prose.Text);
                return ReferenceEquals(text, prose.Text) ? content : new TextContent(text) { AdditionalProperties = content.AdditionalProperties };
            case TextReasoningContent reasoning:
                // Its signature (ProtectedData) is over the old text, and would be refused with the new one.
                var thought = rewrite(reasoning.Text);
                return ReferenceEquals(thought, reasoning.Text) ? content : new TextReasoningContent(thought);
            case FunctionCallContent { Arguments: { } arguments } call:
                return RewriteArguments(call, arguments, rewrite);
            case FunctionResultContent result:
                var value = RewriteValue(result.Result, rewrite);
                return ReferenceEquals(value, result.Result) ? content : new FunctionResultContent(result.CallId, value);
            default:
                return content;
        }
    }

    private static FunctionCallContent RewriteArguments(FunctionCallContent call, IDictionary<string, object?> arguments, Func<string, string> rewrite)
    {
        var rewritten = new Dictionary<string, object?>(StringComparer.Ordinal);
        var changed = false;
        foreach (var (name, value) in arguments)
        {
            var newName = rewrite(name);
            var newValue = RewriteValue(value, rewrite);
            changed |= !ReferenceEquals(newName, name) || !ReferenceEquals(newValue, value);
            rewritten[newName] = newValue;
        }

        return !changed ? call : new FunctionCallContent(call.CallId, call.Name, rewritten)
        {
            Exception = call.Exception,
            InformationalOnly = call.InformationalOnly,
            AdditionalProperties = WithoutWritten(call.AdditionalProperties),
        };
    }

    /// <summary>The arguments as the model wrote them are the old ones.</summary>
    private static AdditionalPropertiesDictionary? WithoutWritten(AdditionalPropertiesDictionary? properties)
    {
        if (properties?.ContainsKey(WrittenArguments) != true)
        {
            return properties;
        }

        var rest = properties.Clone();
        rest.Remove(WrittenArguments);
        return rest;
    }

    /// <returns>The same instance when nothing in it changed.</returns>
    private static object? RewriteValue(object? value, Func<string, string> rewrite)
    {
        switch (value)
        {
            case null:
                return null;
            case string text:
                return rewrite(text);
            case JsonElement element:
                var changed = false;
                var node = RewriteJson(element, rewrite, ref changed);
                return changed ? JsonSerializer.SerializeToElement(node) : value;
            default:
                object serialized = JsonSerializer.SerializeToElement(value, AIJsonUtilities.DefaultOptions);
                return RewriteValue(serialized, rewrite) is var rewritten && ReferenceEquals(rewritten, serialized) ? value : rewritten;
        }
    }

    private static JsonNode? RewriteJson(JsonElement element, Func<string, string> rewrite, ref bool changed)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var properties = new JsonObject();
                foreach (var property in element.EnumerateObject())
                {
                    properties[RewriteString(property.Name, rewrite, ref changed)] = RewriteJson(property.Value, rewrite, ref changed);
                }

                return properties;
            case JsonValueKind.Array:
                var items = new JsonArray();
                foreach (var item in element.EnumerateArray())
                {
                    items.Add(RewriteJson(item, rewrite, ref changed));
                }

                return items;
            case JsonValueKind.String:
                return RewriteString(element.GetString()!, rewrite, ref changed);
            case JsonValueKind.Number:
                // A card's number may come as one; its placeholder has to be a string.
                var number = element.GetRawText();
                var rewritten = rewrite(number);
                changed |= !ReferenceEquals(rewritten, number);
                return ReferenceEquals(rewritten, number) ? JsonNode.Parse(number) : rewritten;
            default:
                return JsonNode.Parse(element.GetRawText());
        }
    }

    private static string RewriteString(string text, Func<string, string> rewrite, ref bool changed)
    {
        var rewritten = rewrite(text);
        changed |= !ReferenceEquals(rewritten, text);
        return rewritten;
    }
}
