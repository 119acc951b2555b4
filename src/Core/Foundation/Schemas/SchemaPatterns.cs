using System.Text.RegularExpressions;
using NJsonSchema;
using NJsonSchema.Visitors;

namespace Yggdrasil.Foundation.Schemas;

/// <summary>The regular expressions of a schema, matched in time linear to the value.</summary>
/// <remarks>
/// NJsonSchema matches by backtracking and without a time limit: one careless pattern, and an argument written for it
/// would occupy the worker for hours. So patterns are taken out of the schema and matched here.
/// </remarks>
internal sealed class SchemaPatterns : JsonSchemaVisitorBase
{
    private readonly Dictionary<JsonSchema, Regex> _patterns = new(ReferenceEqualityComparer.Instance);

    private SchemaPatterns()
    {
    }

    /// <exception cref="NotSupportedException">
    /// A pattern needs backtracking, or property names are matched by pattern.
    /// </exception>
    /// <exception cref="ArgumentException">A pattern is malformed.</exception>
    public static SchemaPatterns TakeFrom(JsonSchema schema)
    {
        var patterns = new SchemaPatterns();
        patterns.Visit(schema);
        return patterns;
    }

    public Regex? Of(JsonSchema schema) => _patterns.GetValueOrDefault(schema);

    protected override JsonSchema VisitSchema(JsonSchema schema, string path, string? typeNameHint)
    {
        if (schema.PatternProperties.Count > 0)
        {
            throw new NotSupportedException("A schema may not match property names by pattern.");
        }

        if (!string.IsNullOrEmpty(schema.Pattern))
        {
            _patterns[schema] = new Regex(schema.Pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            schema.Pattern = null;
        }

        return schema;
    }
}
