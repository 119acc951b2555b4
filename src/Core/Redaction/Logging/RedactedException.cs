namespace Yggdrasil.Redaction.Logging;

/// <summary>Stands for an exception in whose messages something was found; type names and stack stay readable.</summary>
internal sealed class RedactedException : Exception
{
    private readonly string _text;

    private RedactedException(Exception original, string text)
        : base(SensitiveText.Mask(original.Message), original.InnerException is { } inner ? Of(inner) : null)
    {
        (_text, StackTrace) = (text, original.StackTrace);
        (HResult, Source) = (original.HResult, original.Source);
    }

    public override string? StackTrace { get; }

    /// <summary>The exception itself when nothing was found in it, its messages or those within it.</summary>
    public static Exception Of(Exception exception)
    {
        var text = exception.ToString();
        var masked = SensitiveText.Mask(text);
        return ReferenceEquals(masked, text) && !HasFindings(exception) ? exception : new RedactedException(exception, masked);
    }

    public override string ToString() => _text;

    // ToString usually holds all messages, but exceptions may override it, and sinks read Message.
    private static bool HasFindings(Exception exception)
    {
        if (SensitiveText.Find(exception.Message).Count > 0)
        {
            return true;
        }

        return exception is AggregateException aggregate
            ? aggregate.InnerExceptions.Any(HasFindings)
            : exception.InnerException is { } inner && HasFindings(inner);
    }
}
