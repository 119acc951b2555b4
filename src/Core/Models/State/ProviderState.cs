namespace Yggdrasil.Models.State;

/// <summary>What is known of a provider's breaker: the last transition of any instance.</summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="Breaker">The state it went into.</param>
/// <param name="Since">When.</param>
/// <param name="Until">Until when calls are refused; <paramref name="Since"/> unless it is open.</param>
/// <param name="By">The instance that found out.</param>
/// <param name="Reason">The code of the failure that opened it; empty when it is closed.</param>
public sealed record ProviderState(
    string Provider, BreakerState Breaker, DateTimeOffset Since, DateTimeOffset Until, string By, string Reason);
