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
    /// <summary>The longest pattern, in characters.</summary>
    public const int MaxLength = 1024;

    /// <summary>The parts of a pattern once its repetitions are written out: the work that each character of a value can take.</summary>
    private const int MaxSize = 20_000;

    /// <summary>For one value; what takes longer is not checked.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<JsonSchema, Regex> _patterns = new(ReferenceEqualityComparer.Instance);

    /// <remarks>.NET has this bound for the process and sets none: <c>(a{1000}){1000}</c> would take gigabytes.</remarks>
    static SchemaPatterns() => AppContext.SetData("REGEX_NONBACKTRACKING_MAX_AUTOMATA_SIZE", MaxSize);

    private SchemaPatterns()
    {
    }

    /// <summary>The expression that a pattern is.</summary>
    /// <exception cref="NotSupportedException">It needs backtracking, or is too large.</exception>
    /// <exception cref="ArgumentException">It is malformed or too long.</exception>
    public static Regex Read(string pattern) => pattern.Length <= MaxLength
        ? new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Patience)
        : throw new ArgumentException("The pattern is too long.", nameof(pattern));

    /// <exception cref="NotSupportedException">
    /// A pattern needs backtracking, or property names are matched by pattern.
    /// </exception>
    /// <exception cref="ArgumentException">A pattern is malformed or too long.</exception>
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
            _patterns[schema] = Read(schema.Pattern);
            schema.Pattern = null;
        }

        return schema;
    }
}
