namespace Yggdrasil.Runs.Model;

/// <summary>The status of a run. The last four are terminal: a run in one of them never changes again.</summary>
public enum RunStatus
{
    /// <summary>Accepted; nobody has driven it yet.</summary>
    Queued,
    Running,

    /// <summary>Needs something from outside, such as a human decision.</summary>
    Waiting,
    Suspended,
    Completed,
    Failed,
    Cancelled,
    Expired,
}

/// <summary>Why a terminal run ended.</summary>
public enum StopReason
{
    /// <summary>The model gave its answer.</summary>
    Completed,

    /// <summary>The run had its model calls; its last text is its output.</summary>
    MaxTurns,

    /// <summary>The model asked for more tool calls than the run may make; its last text is its output.</summary>
    MaxToolCalls,
    Deadline,
    Quota,
    Cancelled,
    ApprovalExpired,
    ProviderError,
    ContentFilter,
    ToolError,
    InternalError,

    /// <summary>The answer was cut off at the limit of output tokens; what there is of it is the output.</summary>
    MaxOutputTokens,

    /// <summary>The model refused to answer; what it said instead is the output.</summary>
    Refused,
}

public static class StopReasons
{
    /// <summary>The one status that goes with a reason.</summary>
    public static RunStatus Status(this StopReason reason) => reason switch
    {
        StopReason.Completed or StopReason.MaxTurns or StopReason.MaxToolCalls or StopReason.MaxOutputTokens => RunStatus.Completed,
        StopReason.Deadline or StopReason.ApprovalExpired => RunStatus.Expired,
        StopReason.Cancelled => RunStatus.Cancelled,
        _ => RunStatus.Failed,
    };

    public static bool IsTerminal(this RunStatus status) => status >= RunStatus.Completed;
}
