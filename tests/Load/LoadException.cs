namespace Yggdrasil.Load;

/// <summary>The load test cannot begin; the message tells a person why.</summary>
internal sealed class LoadException(string message) : Exception(message);
