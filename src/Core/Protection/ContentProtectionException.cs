namespace Yggdrasil.Protection;

/// <summary>Stored content that cannot be trusted or read. Its message names the place and the cause, never content.</summary>
public sealed class ContentProtectionException(ContentAddress address, string cause, Exception? innerException = null)
    : Exception($"The protected value {address.Table}/{address.Row}/{address.Property} cannot be read: {cause}.", innerException)
{
    /// <summary>What callers are told in place of what cannot be read.</summary>
    internal const string Code = "content_unreadable";

    public ContentAddress Address { get; } = address;

    /// <summary>Why, in words that hold no content.</summary>
    public string Cause { get; } = cause;
}
