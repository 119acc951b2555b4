namespace Yggdrasil.Client;

/// <summary>How far a run has come. The last four are terminal.</summary>
/// <remarks>Later versions of the server may answer others.</remarks>
public static class RunStatus
{
    /// <summary><c>queued</c></summary>
    public const string Queued = "queued";

    /// <summary><c>running</c></summary>
    public const string Running = "running";

    /// <summary><c>waiting</c></summary>
    public const string Waiting = "waiting";

    /// <summary><c>suspended</c></summary>
    public const string Suspended = "suspended";

    /// <summary><c>completed</c></summary>
    public const string Completed = "completed";

    /// <summary><c>failed</c></summary>
    public const string Failed = "failed";

    /// <summary><c>cancelled</c></summary>
    public const string Cancelled = "cancelled";

    /// <summary><c>expired</c></summary>
    public const string Expired = "expired";
}

/// <summary>Why a run has ended. <c>max_output_tokens</c>: the answer was cut off; <c>refused</c>: the model refused, and <c>output</c> has its words.</summary>
/// <remarks>Later versions of the server may answer others.</remarks>
public static class StopReason
{
    /// <summary><c>completed</c></summary>
    public const string Completed = "completed";

    /// <summary><c>max_turns</c></summary>
    public const string MaxTurns = "max_turns";

    /// <summary><c>max_tool_calls</c></summary>
    public const string MaxToolCalls = "max_tool_calls";

    /// <summary><c>deadline</c></summary>
    public const string Deadline = "deadline";

    /// <summary><c>quota</c></summary>
    public const string Quota = "quota";

    /// <summary><c>cancelled</c></summary>
    public const string Cancelled = "cancelled";

    /// <summary><c>approval_expired</c></summary>
    public const string ApprovalExpired = "approval_expired";

    /// <summary><c>provider_error</c></summary>
    public const string ProviderError = "provider_error";

    /// <summary><c>content_filter</c></summary>
    public const string ContentFilter = "content_filter";

    /// <summary><c>tool_error</c></summary>
    public const string ToolError = "tool_error";

    /// <summary><c>internal_error</c></summary>
    public const string InternalError = "internal_error";

    /// <summary><c>max_output_tokens</c></summary>
    public const string MaxOutputTokens = "max_output_tokens";

    /// <summary><c>refused</c></summary>
    public const string Refused = "refused";
}

/// <summary>How a model's answer ended, whatever its provider calls that.</summary>
/// <remarks>Later versions of the server may answer others.</remarks>
public static class FinishReason
{
    /// <summary><c>stop</c></summary>
    public const string Stop = "stop";

    /// <summary><c>length</c></summary>
    public const string Length = "length";

    /// <summary><c>tool_calls</c></summary>
    public const string ToolCalls = "tool_calls";

    /// <summary><c>content_filter</c></summary>
    public const string ContentFilter = "content_filter";

    /// <summary><c>refusal</c></summary>
    public const string Refusal = "refusal";

    /// <summary><c>error</c></summary>
    public const string Error = "error";
}

/// <summary><c>waiting</c> until there is something to tell; <c>pending</c> while it is tried.</summary>
/// <remarks>Later versions of the server may answer others.</remarks>
public static class CallbackStatus
{
    /// <summary><c>waiting</c></summary>
    public const string Waiting = "waiting";

    /// <summary><c>pending</c></summary>
    public const string Pending = "pending";

    /// <summary><c>delivered</c></summary>
    public const string Delivered = "delivered";

    /// <summary><c>failed</c></summary>
    public const string Failed = "failed";
}
