using System.Text.Json;

namespace Yggdrasil.Client;

/// <summary>A tool call that waits for the caller's decision.</summary>
public sealed record Approval
{
    /// <summary>The run.</summary>
    public required string RunId { get; init; }

    /// <summary>Its agent.</summary>
    public required string Agent { get; init; }

    /// <summary>The user whose run it is.</summary>
    public required string Owner { get; init; }

    /// <summary>The call.</summary>
    public required string CallId { get; init; }

    /// <summary>The tool.</summary>
    public required string Tool { get; init; }

    /// <summary>What the model wants to call it with.</summary>
    public required JsonElement Arguments { get; init; }

    /// <summary>Opaque; to be repeated by the decision.</summary>
    public required string ArgumentsHash { get; init; }

    /// <summary>Until when it can be decided.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>What was decided; <c>expire</c> where nobody did in time.</summary>
/// <remarks>Later versions of the server may answer others.</remarks>
public static class ApprovalOutcome
{
    /// <summary><c>approve</c></summary>
    public const string Approve = "approve";

    /// <summary><c>deny</c></summary>
    public const string Deny = "deny";

    /// <summary><c>expire</c></summary>
    public const string Expire = "expire";
}
