using Yggdrasil.Models.Metering;

namespace Yggdrasil.Models.Wire;

/// <summary>One call as it is on the wire: what passes between the HTTP handler and the client that asked, around the vendor's package.</summary>
/// <remarks>The packages have no place for it in their requests, so it flows with the call.</remarks>
/// <param name="alive">Told of every byte of the answer that comes, comments included.</param>
internal sealed class WireCall(Action alive)
{
    private static readonly AsyncLocal<WireCall?> Flowing = new();

    /// <summary>The call that is being made by this flow of control; null for requests that are no model call.</summary>
    public static WireCall? Current
    {
        get => Flowing.Value;
        set => Flowing.Value = value;
    }

    /// <summary>The model refused, in a field of its own; its words are the answer's text.</summary>
    public bool Refused { get; set; }

    /// <summary>The key that the request was sent with.</summary>
    public SentKey? Key { get; set; }

    /// <summary>Of the input tokens, those that the provider says it wrote to its prompt cache; null where it does not say.</summary>
    public long? CacheWriteTokens { get; set; }

    public void Alive() => alive();
}
