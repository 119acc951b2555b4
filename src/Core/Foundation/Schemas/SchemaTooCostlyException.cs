namespace Yggdrasil.Foundation.Schemas;

/// <summary>A value that cannot be checked against a schema with bounded work.</summary>
internal sealed class SchemaTooCostlyException : Exception;
