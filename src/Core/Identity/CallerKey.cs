namespace Yggdrasil.Identity;

/// <summary>The API key a caller came with, and what it leaves of the caller's rights.</summary>
/// <param name="Id">The key's public id, which is no secret.</param>
public sealed record CallerKey(string Id)
{
    /// <summary>What the key may be used for; null where that has been decided before, as for a run that goes on.</summary>
    public KeyScope? Scope { get; init; }

    /// <summary>Runs started per minute with this key, beside the limits of its user; null for no limit of its own.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Tokens of a day with this key, beside the limits of its user; null for no limit of its own.</summary>
    public long? TokensPerDay { get; init; }

    /// <summary>Whether the use of this key is counted by itself.</summary>
    public bool HasLimits => RequestsPerMinute is not null || TokensPerDay is not null;
}

/// <summary>What an API key may be used for.</summary>
/// <param name="CanRun">Whether it starts and controls runs, rather than reading alone.</param>
/// <param name="Agents">The agents it is for, as its user names them; null for all of them.</param>
public sealed record KeyScope(bool CanRun, IReadOnlySet<string>? Agents);
