using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using NJsonSchema;

namespace Yggdrasil.Tools;

/// <summary>A tool's parameter schema, read once.</summary>
internal sealed class ArgumentSchema
{
    private readonly JsonSchema? _schema;
    private readonly SchemaPatterns? _patterns;

    private ArgumentSchema()
    {
    }

    private ArgumentSchema(JsonSchema schema)
    {
        _schema = schema;
        _patterns = SchemaPatterns.TakeFrom(schema);
    }

    /// <summary>Reads the schema; one that cannot be read refuses every call instead of letting any pass.</summary>
    public static ArgumentSchema Of(AgentTool tool)
    {
        try
        {
            // Completes at once: only a reference to another document would wait, and those are refused.
            var schema = JsonSchema.FromJsonAsync(
                tool.Declaration.JsonSchema.GetRawText(), documentPath: null, root => new LocalReferences(root));
            return new ArgumentSchema(schema.GetAwaiter().GetResult());
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException
            or NotSupportedException or ArgumentException or FormatException or OverflowException)
        {
            return new ArgumentSchema();
        }
    }

    public IReadOnlyList<string> Validate(ReadOnlyMemory<byte> arguments)
    {
        if (_schema is null || _patterns is null)
        {
            return ["The tool's parameter schema cannot be read, so it cannot be called."];
        }

        try
        {
            return ArgumentErrors.Describe(new BoundedSchemaValidator(_patterns).Validate(Read(arguments), _schema));
        }
        catch (SchemaTooCostlyException)
        {
            return ["The arguments are too large or too deeply nested to be checked against the tool's schema."];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException
            or FormatException or OverflowException or InvalidCastException or NotSupportedException)
        {
            // Numbers of hundreds of digits, mostly: JSON allows them, no number type holds them.
            return ["The arguments hold a value that cannot be checked against the tool's schema."];
        }
    }

    private static JToken Read(ReadOnlyMemory<byte> json)
    {
        using var text = new StringReader(Encoding.UTF8.GetString(json.Span));
        using var reader = new JsonTextReader(text)
        {
            // A string that looks like a date must stay the string that the tool is going to get.
            DateParseHandling = DateParseHandling.None,
            MaxDepth = ArgumentJson.MaxDepth,
        };
        return JToken.ReadFrom(reader);
    }

    /// <summary>
    /// A schema may refer to parts of itself; following it to files or addresses would be reading for a stranger.
    /// </summary>
    private sealed class LocalReferences(JsonSchema root)
        : JsonReferenceResolver(new JsonSchemaAppender(root, new DefaultTypeNameGenerator()))
    {
        public override Task<NJsonSchema.References.IJsonReference> ResolveUrlReferenceAsync(
            string url, CancellationToken cancellationToken = default) => throw NotLocal();

        public override Task<NJsonSchema.References.IJsonReference> ResolveFileReferenceAsync(
            string filePath, CancellationToken cancellationToken = default) => throw NotLocal();

        private static NotSupportedException NotLocal() => new("A tool's schema may not refer to another document.");
    }
}
