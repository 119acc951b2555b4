namespace Yggdrasil.Soak;

/// <summary>What a model does in place of answering.</summary>
internal enum ModelFault
{
    /// <summary>It answers.</summary>
    None,
    TooManyRequests,
    ServerError,
    BadGateway,
    Overloaded,
    Rejected,
    ResetBeforeAnswer,
    ResetMidBody,
    EarlyEnd,
    Stall,
    Malformed,
    WrongContentType,
    LargeErrorBody,
    Redirect,
    Slow,
}
