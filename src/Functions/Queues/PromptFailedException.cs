namespace Yggdrasil.Functions.Queues;

/// <summary>What the host may know and log of a prompt's failure: an id that leads an operator to the details.</summary>
public sealed class PromptFailedException(string errorId) : Exception($"The prompt could not be handled ({errorId}).");
