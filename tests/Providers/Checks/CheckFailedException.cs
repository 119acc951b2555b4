namespace Yggdrasil.Conformance.Checks;

/// <summary>The model answered, and not as the product needs it. The message says what came instead.</summary>
internal sealed class CheckFailedException(string message) : Exception(message);
