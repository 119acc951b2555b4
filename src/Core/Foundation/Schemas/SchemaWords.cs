namespace Yggdrasil.Foundation.Schemas;

/// <summary>What a schema and the values held against it are called, towards the model that wrote them.</summary>
/// <param name="Value">The value as a whole, as the start of a sentence; plural.</param>
/// <param name="Schema">Whose schema it is.</param>
/// <param name="Root">The value as a whole, where an error names what is wrong.</param>
/// <param name="Unknown">What a name is that the schema does not know.</param>
internal sealed record SchemaWords(string Value, string Schema, string Root, string Unknown)
{
    public static readonly SchemaWords Arguments = new("The arguments", "the tool's schema", "arguments", "is not an argument of this tool");

    public static readonly SchemaWords ToolResult = new("The parts of the result", "the tool's outputSchema", "result", "is not in the schema");

    public static readonly SchemaWords Answer = new("The parts of the answer", "the agent's responseSchema", "answer", "is not in the schema");
}
