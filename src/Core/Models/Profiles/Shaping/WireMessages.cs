using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>The messages of a prompt as one model of one provider may see them; what does not change stays the same instance.</summary>
/// <param name="profile">What holds for the model.</param>
/// <param name="model">The model, as <c>provider:model</c>.</param>
internal sealed class WireMessages(ProviderProfile profile, string model)
{
    private readonly WireCallIds _ids = new();

    public static List<ChatMessage> Of(IEnumerable<ChatMessage> messages, ProviderProfile profile, string model)
    {
        var wire = new WireMessages(profile, model);
        return MessageOrder.Mend([.. messages.Select(wire.Shape)], profile.RefusedOrders);
    }

    private ChatMessage Shape(ChatMessage message)
    {
        if (message.Contents.All(content => content is TextContent))
        {
            return message;
        }

        // Raw representations are other packages' own: they would be sent in place of the contents.
        var hasCalls = message.Contents.Any(content => content is FunctionCallContent);
        return new ChatMessage(message.Role, [.. message.Contents.Select(content => Shape(content, hasCalls)).OfType<AIContent>()])
        {
            AuthorName = message.AuthorName,
        };
    }

    /// <returns>Null for what this model is not shown.</returns>
    private AIContent? Shape(AIContent content, bool besideCalls)
    {
        switch (content)
        {
            case TextReasoningContent reasoning:
                return !Provenance.IsOf(reasoning, model) ? null : IsReturned(besideCalls) ? reasoning : Signature(reasoning);
            case FunctionCallContent call:
                var extra = Provenance.IsOf(call, model) ? ExtraContent.Find(call) : null;
                return new FunctionCallContent(_ids.OfCall(call.CallId), WireToolName.Of(call.Name, profile.ToolNames), call.Arguments ?? new Dictionary<string, object?>())
                {
                    AdditionalProperties = Properties(call, extra),
                };
            case FunctionResultContent result:
                return new FunctionResultContent(_ids.OfResult(result.CallId), result.Result);
            default:
                return content;
        }
    }

    /// <summary>What a model signed is demanded back also where its thoughts are not.</summary>
    private static TextReasoningContent? Signature(TextReasoningContent reasoning) =>
        ExtraContent.OfMessage(reasoning) is { } signed ? new TextReasoningContent("") { ProtectedData = signed } : null;

    private bool IsReturned(bool besideCalls) => profile.ReturnedReasoning switch
    {
        ReturnedReasoning.None => false,
        ReturnedReasoning.Always or ReturnedReasoning.Blocks or ReturnedReasoning.Details => true,
        _ => besideCalls,
    };

    private AdditionalPropertiesDictionary? Properties(FunctionCallContent call, object? extra)
    {
        AdditionalPropertiesDictionary? properties = null;
        if (call.ReadText(WrittenArguments.Property) is { } written)
        {
            (properties ??= [])[WrittenArguments.Property] = written;
        }

        if ((extra ?? ExtraContent.Instead(profile, isOwn: Provenance.IsOf(call, model))) is { } shown)
        {
            (properties ??= [])[ExtraContent.Property] = shown;
        }

        return properties;
    }
}
