namespace Yggdrasil.Conformance;

/// <summary>The run could not begin; the message says what to change.</summary>
internal sealed class ConformanceException(string message, Exception? innerException = null) : Exception(message, innerException);
