using System.Text.Json;

namespace Yggdrasil.Client;

/// <summary>A tool that agents may name.</summary>
public sealed record Tool
{
    /// <summary>What agents and models call it.</summary>
    public required string Name { get; init; }

    /// <summary>What models are told of it.</summary>
    public required string Description { get; init; }

    /// <summary>The JSON schema of its arguments.</summary>
    public required JsonElement Parameters { get; init; }

    /// <summary>Whether a call may be repeated without effect.</summary>
    public required bool Idempotent { get; init; }

    /// <summary>Whether it has no effects at all.</summary>
    public required bool Pure { get; init; }

    /// <summary>Whether its calls are work items of their own, which any instance may take.</summary>
    public required bool Distributed { get; init; }

    /// <summary>Whether every call waits for a human.</summary>
    public required bool RequiresApproval { get; init; }

    /// <summary>How long a call may take.</summary>
    public required int TimeoutSeconds { get; init; }

    /// <summary>The roles of which a caller needs one; none when empty.</summary>
    public required IReadOnlyList<string> Roles { get; init; }
}
