namespace Yggdrasil.Tools;

/// <summary>A tool's own, expected failure. Its message is shown to the model, so it must hold nothing internal.</summary>
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
