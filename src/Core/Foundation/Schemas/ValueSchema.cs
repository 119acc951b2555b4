using System.Text;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using NJsonSchema.Visitors;

namespace Yggdrasil.Foundation.Schemas;

/// <summary>A JSON schema, read once, and what values are held against it. Both may be hostile.</summary>
internal sealed class ValueSchema
{
    /// <summary>How deep a value may nest, itself the first level.</summary>
    public const int MaxDepth = 32;

    private const int MaxSchemaDepth = 64;

    private readonly JsonSchema _schema;
    private readonly SchemaPatterns _patterns;
    private readonly SchemaWords _words;

    private ValueSchema(JsonSchema schema, SchemaWords words)
    {
        (_schema, _words) = (schema, words);
        _patterns = SchemaPatterns.TakeFrom(schema);
        new References().Visit(schema);
    }

    /// <summary>Whether it comes to an end: one that refers to itself without descending never does, whatever the value.</summary>
    public bool IsBounded
    {
        get
        {
            try
            {
                new BoundedSchemaValidator(_patterns).Validate(JValue.CreateNull(), _schema);
                return true;
            }
            catch (SchemaTooCostlyException)
            {
                return false;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                // It came to an end.
                return true;
            }
        }
    }

    /// <summary>Reads a schema; null for one that cannot be read, or that refers to another document.</summary>
    public static ValueSchema? Read(string schema, SchemaWords words)
    {
        try
        {
            // Completes at once: only a reference to another document would wait, and those are refused.
            var text = Encoding.UTF8.GetString(JsonIntegers.Normalize(Encoding.UTF8.GetBytes(schema), MaxSchemaDepth).Span);
            var read = JsonSchema.FromJsonAsync(SchemaText.Prepare(text), documentPath: null, root => new LocalReferences(root));
            return new ValueSchema(read.GetAwaiter().GetResult(), words);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return null;
        }
    }

    /// <summary>What is wrong with a value, in words for the model; empty when nothing is.</summary>
    /// <param name="json">Valid JSON of at most <see cref="MaxDepth"/> levels.</param>
    public IReadOnlyList<string> Validate(ReadOnlyMemory<byte> json)
    {
        try
        {
            return SchemaErrors.Describe(new BoundedSchemaValidator(_patterns).Validate(Parse(json), _schema), _words);
        }
        catch (SchemaTooCostlyException)
        {
            return [$"{_words.Value} are too large or too deeply nested to be checked against {_words.Schema}."];
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Numbers of hundreds of digits, mostly, which no number type holds, or schemas that divide by 0 (multipleOf). Whatever the
            // validator throws: both sides may be hostile, and that a value was not checked is an outcome, with a name.
            return [$"{_words.Value} hold a value that cannot be checked against {_words.Schema}."];
        }
    }

    private static JToken Parse(ReadOnlyMemory<byte> json)
    {
        using var text = new StringReader(Encoding.UTF8.GetString(json.Span));
        using var reader = new JsonTextReader(text)
        {
            // A string that looks like a date must stay the string that it is going to be read as.
            DateParseHandling = DateParseHandling.None,
            MaxDepth = MaxDepth,
        };
        return JToken.ReadFrom(reader);
    }

    /// <summary>Follows each reference to its end. One that has none, because it leads back to itself, is an <see cref="InvalidOperationException"/>.</summary>
    private sealed class References : JsonSchemaVisitorBase
    {
        protected override JsonSchema VisitSchema(JsonSchema schema, string path, string? typeNameHint)
        {
            _ = schema.ActualSchema;
            return schema;
        }
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

        private static NotSupportedException NotLocal() => new("A schema may not refer to another document.");
    }
}
