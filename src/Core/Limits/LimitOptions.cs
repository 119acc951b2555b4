using Yggdrasil.Foundation;
using Yggdrasil.Identity;

namespace Yggdrasil.Limits;

/// <summary>Limits of users. Section <c>Limits</c>; budgets that are absent are unlimited.</summary>
/// <remarks>
/// Each of a user's limits is the one an admin gave the user (<c>PUT /api/users/{id}/limits</c>), or else the tenant's
/// (<c>Limits__Tenants__&lt;tenant&gt;__…</c>), or else the one here. An agent's (<c>Limits__Agents__&lt;agent&gt;__…</c>) bounds
/// each user's use of that agent besides.
/// </remarks>
public sealed class LimitOptions
{
    public const string Section = "Limits";

    /// <inheritdoc cref="UsageLimits.TokensPerDay"/>
    public long? TokensPerDay { get; set; }

    /// <inheritdoc cref="UsageLimits.CostPerDayUsd"/>
    public decimal? CostPerDayUsd { get; set; }

    /// <inheritdoc cref="UsageLimits.RequestsPerMinute"/>
    /// <remarks>By default as many as may be, which only a client that runs wild reaches.</remarks>
    public int? RequestsPerMinute { get; set; } = UsageLimits.MaxRequestsPerMinute;

    /// <inheritdoc cref="UsageLimits.ConcurrentRuns"/>
    public int? ConcurrentRuns { get; set; } = 100;

    /// <summary>Streams of events (<c>GET /api/runs/{id}/events</c>) that one user may have open on one instance; 1 to 10,000.</summary>
    public int EventReaders { get; set; } = 100;

    /// <summary>By tenant, case aside.</summary>
    public Dictionary<string, UsageLimits> Tenants { get; } = new(TenantId.Comparer);

    /// <summary>
    /// By the id that its owner or the configuration gave an agent, case aside: also where it is reached through a share. At most
    /// 100, because a user's use of each is counted in the user's quota row.
    /// </summary>
    public Dictionary<string, UsageLimits> Agents { get; } = new(StringComparer.OrdinalIgnoreCase);

    internal UsageLimits Default => new()
    {
        TokensPerDay = TokensPerDay,
        CostPerDayUsd = CostPerDayUsd,
        RequestsPerMinute = RequestsPerMinute,
        ConcurrentRuns = ConcurrentRuns,
    };

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems() =>
    [
        .. Problems(Section, Default),
        .. Tenants.SelectMany(tenant => Problems($"{Section}__{nameof(Tenants)}__{tenant.Key}", tenant.Value)),
        .. Agents.SelectMany(agent => Problems($"{Section}__{nameof(Agents)}__{agent.Key}", agent.Value)),
        .. EventReaders is < 1 or > MaxEventReaders
            ? [$"{Section}__{nameof(EventReaders)} must be between 1 and {MaxEventReaders}."]
            : Array.Empty<string>(),
        .. Agents.Count > MaxAgents ? [$"{Section}__{nameof(Agents)} may name {MaxAgents} agents."] : Array.Empty<string>(),
        .. Agents.Keys.Where(agent => !Ids.IsValid(agent)).Select(agent => $"{Section}__{nameof(Agents)}__{agent} names no agent."),
    ];

    private const int MaxAgents = 100;
    private const int MaxEventReaders = 10_000;

    private static IEnumerable<string> Problems(string section, UsageLimits limits) =>
        limits.Problems().Select(problem => $"{section}__{problem.Member} {problem.Rule}");
}
