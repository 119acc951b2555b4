namespace Yggdrasil.Tools;

/// <summary>An expected failure of a tool. The model sees the message, so it must not contain internals.</summary>
public sealed class ToolException : Exception
{
    public ToolException(string messageForModel)
        : base(messageForModel)
    {
    }

    public ToolException(string messageForModel, Exception innerException)
        : base(messageForModel, innerException)
    {
    }
}
