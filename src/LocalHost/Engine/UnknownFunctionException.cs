namespace Yggdrasil.LocalHost.Engine;

/// <summary>A name that no function of the app has. Retrying cannot help.</summary>
internal sealed class UnknownFunctionException(string kind, string name)
    : Exception($"There is no {kind} function named '{name}' in this app.");
