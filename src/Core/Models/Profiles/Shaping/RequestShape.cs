using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>A prompt as a vendor's package is given it.</summary>
internal readonly record struct ShapedRequest(IEnumerable<ChatMessage> Messages, ChatOptions Options);

/// <summary>Makes the requests of one vendor's package fit a profile, and keeps what has to come back from its answers.</summary>
/// <param name="profile">What holds for the model.</param>
/// <param name="model">The model, as <c>provider:model</c>.</param>
internal abstract class RequestShape(ProviderProfile profile, string model)
{
    protected ProviderProfile Profile => profile;

    protected string Model => model;

    public ShapedRequest Shape(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        var wire = WireMessages.Of(messages, profile, model);
        var own = PromptAffinity.Without(options)?.Clone() ?? new ChatOptions();
        SchemaRequest.Apply(profile, wire, own);
        if (profile.RefusedFields.Contains("temperature"))
        {
            // Models that reason take neither.
            (own.Temperature, own.TopP) = (null, null);
        }

        return Shape(wire, own, PromptAffinity.Of(options));
    }

    /// <summary>Reads one answer, streamed or whole.</summary>
    public virtual AnswerReader Reader() => new(model);

    /// <param name="messages">A list that may be changed; its messages may not.</param>
    /// <param name="options">A copy that may be changed.</param>
    /// <param name="affinity">Which requests share a beginning; null for none.</param>
    protected abstract ShapedRequest Shape(List<ChatMessage> messages, ChatOptions options, string? affinity);

    /// <summary>What the profile calls the effort that is asked for; null where none is, or the model has no such level.</summary>
    protected string? EffortOf(ChatOptions options) => options.Reasoning?.Effort switch
    {
        ReasoningEffort.None => profile.Efforts.None,
        ReasoningEffort.Low => profile.Efforts.Low,
        ReasoningEffort.Medium => profile.Efforts.Medium,
        ReasoningEffort.High => profile.Efforts.High,
        ReasoningEffort.ExtraHigh => profile.Efforts.ExtraHigh,
        _ => null,
    };
}
