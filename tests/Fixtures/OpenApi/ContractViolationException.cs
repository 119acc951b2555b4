namespace Yggdrasil.Fixtures.OpenApi;

/// <summary>What was sent or answered is not what the contract says.</summary>
public sealed class ContractViolationException(string message) : Exception(message);
