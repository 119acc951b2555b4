using Yggdrasil.Conformance.Checks;

namespace Yggdrasil.Conformance;

/// <summary>What came of a check.</summary>
/// <param name="Whole">With a call that is answered whole; null where the check is about streams alone.</param>
/// <param name="Streamed">With a call whose answer is streamed.</param>
internal sealed record CheckResult(Check Check, CheckOutcome? Whole, CheckOutcome Streamed)
{
    public bool Held => Whole is null or { Held: true } && Streamed.Held;
}

/// <param name="Held">Whether the model does what the product needs.</param>
/// <param name="Note">What came instead, or what is worth noting. It may quote the model.</param>
/// <param name="Duration">All calls of the check together.</param>
internal sealed record CheckOutcome(bool Held, string? Note, TimeSpan Duration, long InputTokens, long OutputTokens);
