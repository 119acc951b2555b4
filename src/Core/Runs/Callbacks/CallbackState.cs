namespace Yggdrasil.Runs.Callbacks;

public enum CallbackStatus
{
    /// <summary>What is to be told has not happened yet.</summary>
    Waiting,

    /// <summary>Being delivered; attempts go on for 24 hours.</summary>
    Pending,

    /// <summary>The receiver answered 2xx.</summary>
    Delivered,

    /// <summary>Given up; <see cref="CallbackState.LastError"/> says why.</summary>
    Failed,
}

/// <summary>How far a callback has come.</summary>
/// <param name="Attempts">Requests made so far.</param>
/// <param name="LastError">A code, such as <c>http_503</c>, <c>timed_out</c>, <c>unreachable</c> or <c>gone</c>; null when the last attempt succeeded or none was made.</param>
public sealed record CallbackState(CallbackStatus Status, int Attempts, string? LastError);
