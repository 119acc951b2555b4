namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>What is right for a case.</summary>
/// <param name="Check">Holds what came of it against that.</param>
internal sealed record CaseExpectation(Action<CaseOutcome, CaseMode> Check)
{
    /// <summary>Whether the refusals among its answers are what broken rules came to.</summary>
    public bool RulesRefuse { get; init; }

    /// <summary>Agents whose next turn may fail too.</summary>
    public IReadOnlyCollection<string> KeepFailing { get; init; } = [];
}
