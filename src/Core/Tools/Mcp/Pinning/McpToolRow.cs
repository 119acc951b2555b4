using Azure;

namespace Yggdrasil.Tools.Mcp.Pinning;

/// <summary>One tool of a server: what it is now, and what an operator approved.</summary>
/// <param name="Name">The server's name for it.</param>
/// <param name="Hash">Of what the server said last.</param>
/// <param name="Definition">That itself, protected.</param>
/// <param name="IsOffered">Whether it is in the server's newest list.</param>
/// <param name="Approved">The hash that an operator approved; null for none.</param>
/// <param name="ApprovedDefinition">What was approved, protected, for the difference.</param>
/// <param name="Version">The version of the stored row.</param>
internal sealed record McpToolRow(
    string Name, string Hash, byte[] Definition, bool IsOffered, DateTimeOffset FirstSeenAt, DateTimeOffset ChangedAt,
    string? Approved, byte[]? ApprovedDefinition, DateTimeOffset? ApprovedAt, string? ApprovedBy, ETag Version)
{
    public McpToolStatus Status => (IsOffered, Approved) switch
    {
        (false, _) => McpToolStatus.Gone,
        (true, null) => McpToolStatus.New,
        (true, { } approved) when approved == Hash => McpToolStatus.Approved,
        _ => McpToolStatus.Changed,
    };
}

/// <summary>What may be done with a tool of a server.</summary>
public enum McpToolStatus
{
    /// <summary>It is what an operator approved, and agents may use it.</summary>
    Approved,

    /// <summary>No operator has approved it: it is in quarantine.</summary>
    New,

    /// <summary>It is not what an operator approved any more: it is in quarantine.</summary>
    Changed,

    /// <summary>The server does not offer it any more.</summary>
    Gone,
}

/// <summary>When a server was last asked for its tools, and what came of it.</summary>
/// <param name="FreshUntil">From then on it is asked again before a tool is called.</param>
internal sealed record McpListRow(DateTimeOffset ListedAt, DateTimeOffset FreshUntil, int Omitted);
