namespace Yggdrasil.Models.State;

/// <summary>What a provider's breaker does with calls.</summary>
public enum BreakerState
{
    /// <summary>Lets all through.</summary>
    Closed,

    /// <summary>Refuses all for a while.</summary>
    Open,

    /// <summary>Lets one through, whose success closes it.</summary>
    HalfOpen,
}
