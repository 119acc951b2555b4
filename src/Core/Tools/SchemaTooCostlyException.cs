namespace Yggdrasil.Tools;

/// <summary>Arguments that cannot be checked against a schema with bounded work.</summary>
internal sealed class SchemaTooCostlyException : Exception;
