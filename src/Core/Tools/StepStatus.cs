namespace Yggdrasil.Tools;

/// <summary>The outcome of a recorded step.</summary>
public enum StepStatus
{
    Completed,

    /// <summary>
    /// The tool failed or ran into its timeout; the model was told. Or a model answered what nobody is shown: its provider's content filter
    /// stopped it, or it was cut off before it said anything; or the call failed after it was sent.
    /// </summary>
    Failed,

    /// <summary>A gate refused the call; it was not made.</summary>
    Refused,

    /// <summary>An attempt was begun and nobody knows whether it took effect; the call is not repeated.</summary>
    Unknown,

    /// <summary>A human said no, or nobody said anything in time; the call was not made and the model was told.</summary>
    Denied,

    /// <summary>
    /// The run was cancelled, or its deadline passed, while the model answered; what it had said is kept. Or the instance stopped
    /// meanwhile, and the model was asked again: then only what that cost.
    /// </summary>
    Cancelled,
}
