namespace Yggdrasil.LocalHost.Hosting;

/// <summary>Something the person at the keyboard has to put right: the message alone is shown, without a stack.</summary>
public sealed class LocalHostException : Exception
{
    public LocalHostException(string message)
        : base(message)
    {
    }

    public LocalHostException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
