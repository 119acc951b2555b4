using System.Collections.Immutable;
using Yggdrasil.Limits;

namespace Yggdrasil.Runs.Quotas;

/// <summary>What an owner has used today and what is reserved: a value, changed by making the next one.</summary>
/// <remarks>
/// <code>
///   Admit   ── rate, concurrency and budget have room ──► a request is counted, the run holds a slot and a reservation
///   Extend  ── what the run has used is accounted for, and its next call is reserved, if it fits
///   Hold    ── a run that goes on again takes a slot;  Refresh ── one that goes on keeps it
///   Release ── what the run has used is accounted for; slot and reservation are free
///   At      ── a new day begins, and reservations of runs that nobody drives any more are void
/// </code>
/// Always: used + reserved ≤ limit, as long as calls use no more than was reserved for them; slots ≤ limit.
/// </remarks>
internal sealed record QuotaState
{
    /// <summary>How long a reservation holds that nobody renews.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);

    /// <summary>When to try again where another run has to end first, which nobody can tell.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    /// <summary>So many calls are reserved at once while there is plenty: each reservation is a write.</summary>
    private const int Generous = 4;

    /// <summary>API keys whose use is kept: as many as a user may have.</summary>
    private const int MaxApiKeys = 100;

    public DateOnly Day { get; init; }

    public QuotaMeter Total { get; init; }

    /// <summary>The use of agents and API keys that have limits of their own, by scope key; of each at least that has a reservation.</summary>
    public ImmutableDictionary<string, QuotaMeter> Agents { get; init; } = ImmutableDictionary<string, QuotaMeter>.Empty;

    /// <summary>By run.</summary>
    public ImmutableDictionary<string, Reservation> Reservations { get; init; } = ImmutableDictionary<string, Reservation>.Empty;

    /// <summary>The day that <see cref="At"/> ended, to be kept; null where it ended none.</summary>
    public (DateOnly Day, QuotaMeter Meter)? Closed { get; init; }

    /// <summary>The quota as it is at a time. Never goes back to an earlier day, whatever clocks say.</summary>
    public QuotaState At(DateTimeOffset now)
    {
        var expired = Reservations.Where(reservation => reservation.Value.Until <= now).Select(reservation => reservation.Key).ToList();
        var state = expired.Count == 0 ? this : this with { Reservations = Reservations.RemoveRange(expired) };
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        return today <= Day ? state : state with
        {
            Day = today,
            Closed = Day == default ? Closed : (Day, Total),
            Total = new QuotaMeter { Bucket = Total.Bucket },
            Agents = Agents
                .Where(agent => now - agent.Value.Bucket.At < TimeSpan.FromMinutes(1) || state.Held(agent.Key).Any())
                .ToImmutableDictionary(agent => agent.Key, agent => new QuotaMeter { Bucket = agent.Value.Bucket }),
        };
    }

    /// <summary>Counts a run's start.</summary>
    /// <param name="now">Not before the time of this state; see <see cref="At"/>.</param>
    /// <param name="need">What its first model call may use.</param>
    /// <param name="holds">Whether it goes on at once; one that has to wait takes its slot later.</param>
    public (QuotaState Next, QuotaRefusal? Refusal) Admit(
        DateTimeOffset now, QuotaBounds bounds, string runId, QuotaAmount need, bool holds)
    {
        if (Reservations.ContainsKey(runId))
        {
            // It was started already: its own row will say so.
            return (this, null);
        }

        var refusal = RefuseBudget(now, bounds, runId, default, need) ?? RefuseRate(now, bounds) ?? (holds ? RefuseConcurrency(bounds) : null);
        if (refusal is not null)
        {
            return (this, refusal);
        }

        var next = Count(bounds, (meter, limits) => meter with
        {
            Requests = meter.Requests + 1,
            Bucket = meter.Bucket.Take(now, limits.RequestsPerMinute),
        });
        return (holds ? next.Reserve(now, bounds, runId, next.Grant(bounds, runId, need)) : next, null);
    }

    /// <summary>Counts a request that starts no run against the user's rate, and against nothing else.</summary>
    public (QuotaState Next, QuotaRefusal? Refusal) Count(DateTimeOffset now, QuotaBounds bounds) => RefuseRate(now, bounds) is { } refusal
        ? (this, refusal)
        : (Count(bounds, (meter, limits) => meter with { Bucket = meter.Bucket.Take(now, limits.RequestsPerMinute) }), null);

    /// <summary>Accounts for what a run has used, and reserves its next call in place of what was reserved before.</summary>
    /// <param name="used">Since it was last accounted for.</param>
    /// <returns>On a refusal the state is unchanged: nothing was accounted for.</returns>
    public (QuotaState Next, QuotaRefusal? Refusal) Extend(
        DateTimeOffset now, QuotaBounds bounds, string runId, QuotaAmount used, QuotaAmount need)
    {
        if (RefuseBudget(now, bounds, runId, used, need) is { } refusal)
        {
            return (this, refusal);
        }

        var next = Account(bounds, used);
        return (next.Reserve(now, bounds, runId, next.Grant(bounds, runId, need)), null);
    }

    /// <summary>Gives a run that goes on again a slot, without any budget.</summary>
    public (QuotaState Next, QuotaRefusal? Refusal) Hold(DateTimeOffset now, QuotaBounds bounds, string runId)
    {
        if (Reservations.TryGetValue(runId, out var held))
        {
            return (Reserve(now, bounds, runId, held.Amount), null);
        }

        return RefuseConcurrency(bounds) is { } refusal ? (this, refusal) : (Reserve(now, bounds, runId, default), null);
    }

    /// <summary>Keeps the slot of a run that goes on. Never refused: it is at work.</summary>
    public QuotaState Refresh(DateTimeOffset now, QuotaBounds bounds, string runId) =>
        Reserve(now, bounds, runId, Reservations.GetValueOrDefault(runId)?.Amount ?? default);

    /// <summary>Accounts for what a run has used, and frees its slot and what it had reserved.</summary>
    public QuotaState Release(QuotaBounds bounds, string runId, QuotaAmount used) =>
        Account(bounds, used) with { Reservations = Reservations.Remove(runId) };

    /// <summary>What is reserved for a run; null where it has no slot.</summary>
    public Reservation? Find(string runId) => Reservations.GetValueOrDefault(runId);

    /// <param name="agentKey">Null for all of the owner's runs.</param>
    public QuotaMeter Meter(string? agentKey) => agentKey is null ? Total : Agents.GetValueOrDefault(agentKey);

    /// <remarks>Ends in whole seconds, as stored, and later than what it replaces: so the two are never taken for each other.</remarks>
    private QuotaState Reserve(DateTimeOffset now, QuotaBounds bounds, string runId, QuotaAmount amount)
    {
        var until = WholeSeconds(now + Lifetime);
        if (Find(runId)?.Until is { } held && until <= held)
        {
            until = held + OneSecond;
        }

        return this with
        {
            Reservations = Reservations.SetItem(runId, new Reservation(amount, until, bounds.AgentKey, bounds.ApiKey)),
            Agents = bounds.Scopes.Select(scope => scope.ScopeKey).OfType<string>().Where(key => !Agents.ContainsKey(key))
                .Aggregate(Agents, (agents, key) => RoomFor(key, agents).Add(key, default)),
        };
    }

    private static DateTimeOffset WholeSeconds(DateTimeOffset time) =>
        time.UtcTicks % OneSecond.Ticks is > 0 and var rest ? time.AddTicks(OneSecond.Ticks - rest) : time;

    private QuotaState Account(QuotaBounds bounds, QuotaAmount used) => used == default
        ? this
        : Count(bounds, (meter, _) => meter with { Used = meter.Used + used });

    private QuotaState Count(QuotaBounds bounds, Func<QuotaMeter, UsageLimits, QuotaMeter> count)
    {
        var next = this with { Total = count(Total, bounds.User) };
        foreach (var (key, limits) in bounds.Scopes)
        {
            if (key is not null)
            {
                next = next with { Agents = RoomFor(key, next.Agents).SetItem(key, count(next.Meter(key), limits)) };
            }
        }

        return next;
    }

    /// <remarks>
    /// Who makes and revokes keys all day would fill the row, so the oldest uses of keys are forgotten, first of those without a run. Keys
    /// are made by the user in person, whose own limits hold in any case.
    /// </remarks>
    private ImmutableDictionary<string, QuotaMeter> RoomFor(string scopeKey, ImmutableDictionary<string, QuotaMeter> agents)
    {
        if (!QuotaBounds.IsApiKey(scopeKey) || agents.ContainsKey(scopeKey) || agents.Count < MaxApiKeys)
        {
            return agents;
        }

        var forgotten = agents.Where(agent => QuotaBounds.IsApiKey(agent.Key))
            .OrderByDescending(agent => Held(agent.Key).Any()).ThenByDescending(agent => agent.Value.Bucket.At).ThenBy(agent => agent.Key, StringComparer.Ordinal)
            .Skip(MaxApiKeys - 1).Select(agent => agent.Key).ToList();
        return agents.RemoveRange(forgotten);
    }

    private QuotaRefusal? RefuseRate(DateTimeOffset now, QuotaBounds bounds)
    {
        foreach (var (key, limits) in bounds.Scopes)
        {
            if (limits.RequestsPerMinute is { } rate && Meter(key).Bucket is var bucket && !bucket.HasRoom(now, rate))
            {
                return QuotaRefusals.Rate(key, rate, bucket.UntilNext(now, rate));
            }
        }

        return null;
    }

    private QuotaRefusal? RefuseConcurrency(QuotaBounds bounds)
    {
        foreach (var (key, limits) in bounds.Scopes)
        {
            if (limits.ConcurrentRuns is { } slots && Held(key).Count() >= slots)
            {
                return QuotaRefusals.Concurrency(key, slots, Soon);
            }
        }

        return null;
    }

    private QuotaRefusal? RefuseBudget(DateTimeOffset now, QuotaBounds bounds, string runId, QuotaAmount used, QuotaAmount need)
    {
        foreach (var (key, limits) in bounds.Scopes.Where(scope => scope.Limits.HasBudget))
        {
            var spent = Meter(key).Used + used;
            var reserved = ReservedByOthers(key, runId);
            if (!Fits(limits, spent + reserved + need))
            {
                // Where others have reserved what is missing, they may give it back any moment.
                var isForToday = Fits(limits, spent + need);
                return QuotaRefusals.Budget(key, limits, spent, reserved, need, Midnight, isForToday ? Soon : Midnight - now);
            }
        }

        return null;
    }

    /// <summary>Several calls' worth while half of each budget is free all the same, or else one's.</summary>
    private QuotaAmount Grant(QuotaBounds bounds, string runId, QuotaAmount need)
    {
        var generous = need * Generous;
        return bounds.Scopes.All(scope => Fits(scope.Limits, (Meter(scope.ScopeKey).Used + ReservedByOthers(scope.ScopeKey, runId) + generous) * 2))
            ? generous
            : need;
    }

    private static bool Fits(UsageLimits limits, QuotaAmount amount) =>
        (limits.TokensPerDay is not { } tokens || amount.Tokens <= tokens) && (limits.CostPerDayUsd is not { } cost || amount.CostUsd <= cost);

    /// <summary>What is left of the day's tokens, where there are fewest; null where none are limited.</summary>
    /// <param name="now">Not before the time of this state; see <see cref="At"/>.</param>
    public TokenStatus? TokensLeft(DateTimeOffset now, QuotaBounds bounds) => bounds.Scopes
        .Where(scope => scope.Limits.TokensPerDay is not null)
        .Select(scope => (Limit: scope.Limits.TokensPerDay!.Value, Taken: Meter(scope.ScopeKey).Used + ReservedByOthers(scope.ScopeKey, runId: "")))
        .Select(scope => new TokenStatus(scope.Limit, Math.Max(0, scope.Limit - scope.Taken.Tokens), Midnight - now))
        .MinBy(status => status.Remaining);

    private DateTimeOffset Midnight => new(Day.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

    private IEnumerable<KeyValuePair<string, Reservation>> Held(string? agentKey) =>
        Reservations.Where(held => held.Value.IsOf(agentKey));

    private QuotaAmount ReservedByOthers(string? agentKey, string runId) => Held(agentKey)
        .Where(held => held.Key != runId)
        .Aggregate(default(QuotaAmount), (sum, held) => sum + held.Value.Amount);
}
