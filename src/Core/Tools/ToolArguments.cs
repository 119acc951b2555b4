using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Yggdrasil.Foundation.Schemas;

namespace Yggdrasil.Tools;

/// <summary>Validates the arguments that a model wrote against the schema of the tool.</summary>
/// <remarks>
/// A call is refused, without an exception: more than 256 KiB of JSON, deeper than 32 levels (the arguments themselves are
/// the first), a name given twice, an argument the schema does not know, or a value it does not allow.
/// </remarks>
public sealed class ToolArguments
{
    private static readonly FrozenDictionary<string, JsonElement> None = FrozenDictionary<string, JsonElement>.Empty;

    // By reference: two tools are never the same schema by accident, and a tool that goes takes its schema along.
    private readonly ConditionalWeakTable<AgentTool, StrongBox<ValueSchema?>> _schemas = [];

    /// <param name="tool">The tool that was called.</param>
    /// <param name="arguments">As the provider's client gave them: JSON elements or nodes, CLR values, or null.</param>
    public ArgumentValidation Validate(AgentTool tool, IDictionary<string, object?>? arguments)
    {
        ArgumentNullException.ThrowIfNull(tool);

        var json = ArgumentJson.Of(arguments);
        if (json.Error is not null)
        {
            return new ArgumentValidation(None, [json.Error]);
        }

        // Models write 4.0 where the schema says integer, and a parameter may be an int.
        var text = JsonIntegers.Normalize(json.Text, ArgumentJson.MaxDepth);

        // A schema that cannot be read refuses every call instead of letting any pass.
        var errors = _schemas.GetValue(tool, ReadSchema).Value?.Validate(text)
            ?? ["The tool's parameter schema cannot be read, so it cannot be called."];
        return errors.Count > 0
            ? new ArgumentValidation(None, errors)
            : new ArgumentValidation(Parse(text), []);
    }

    private static StrongBox<ValueSchema?> ReadSchema(AgentTool tool) =>
        new(ValueSchema.Read(tool.Declaration.JsonSchema.GetRawText(), SchemaWords.Arguments));

    private static Dictionary<string, JsonElement> Parse(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, ArgumentJson.Rules);
        return document.RootElement.Clone().EnumerateObject()
            .ToDictionary(property => property.Name, property => property.Value, StringComparer.Ordinal);
    }
}
