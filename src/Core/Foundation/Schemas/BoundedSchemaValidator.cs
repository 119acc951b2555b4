using System.Diagnostics;
using System.Text.RegularExpressions;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using NJsonSchema.Validation;

namespace Yggdrasil.Foundation.Schemas;

/// <summary>One validation, with a bound on its work.</summary>
/// <remarks>
/// A schema that refers to itself without descending (<c>allOf: [{ "$ref": "#" }]</c>) would overflow the stack, which
/// no catch survives; a tower of <c>anyOf</c>s takes a number of steps exponential to its height.
/// </remarks>
internal sealed class BoundedSchemaValidator(SchemaPatterns patterns)
    : JsonSchemaValidator(new JsonSchemaValidatorSettings())
{
    private const int MaxDepth = 4 * ValueSchema.MaxDepth;

    // The most elements that fit the size limit are some 130,000; this many steps take about a second.
    private const int MaxSteps = 200_000;

    /// <summary>For all patterns and values together.</summary>
    private static readonly TimeSpan MaxMatching = TimeSpan.FromSeconds(1);

    private TimeSpan _matching;
    private int _depth;
    private int _steps;

    /// <exception cref="SchemaTooCostlyException">The bound on depth or steps is reached.</exception>
    protected override ICollection<ValidationError> Validate(
        JToken token, JsonSchema schema, SchemaType schemaType, string? propertyName, string propertyPath)
    {
        if (++_depth > MaxDepth || ++_steps > MaxSteps)
        {
            throw new SchemaTooCostlyException();
        }

        var errors = base.Validate(token, schema, schemaType, propertyName, propertyPath);
        _depth--;
        if (token.Type is JTokenType.String
            && patterns.Of(schema) is { } pattern
            && !IsMatch(pattern, token.Value<string>()!))
        {
            errors.Add(
                new ValidationError(ValidationErrorKind.PatternMismatch, propertyName, propertyPath, token, schema));
        }

        return errors;
    }

    private bool IsMatch(Regex pattern, string value)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            return pattern.IsMatch(value);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new SchemaTooCostlyException();
        }
        finally
        {
            _matching += Stopwatch.GetElapsedTime(started);
            if (_matching > MaxMatching)
            {
                _steps = MaxSteps;
            }
        }
    }
}
