using System.Globalization;
using Newtonsoft.Json.Linq;
using NJsonSchema.Validation;

namespace Yggdrasil.Foundation.Schemas;

/// <summary>Validation errors in words for the model, bounded, and without the values that were wrong.</summary>
internal static class SchemaErrors
{
    private const int MaxErrors = 10;
    private const int MaxCharacters = 2000;
    private const int MaxNameLength = 80;
    private const int MaxChoices = 12;
    private const int MaxChoiceLength = 40;

    /// <summary>Empty only if there are no errors.</summary>
    public static IReadOnlyList<string> Describe(ICollection<ValidationError> errors, SchemaWords words)
    {
        var sentences = new List<string>();
        var characters = 0;
        foreach (var sentence in errors.SelectMany(Leaves).Select(error => Sentence(error, words)).Distinct(StringComparer.Ordinal))
        {
            if (sentences.Count == MaxErrors - 1 || characters + sentence.Length > MaxCharacters - 100)
            {
                sentences.Add("There are further errors.");
                break;
            }

            sentences.Add(sentence);
            characters += sentence.Length;
        }

        // Whatever the wording above leaves out, an error must never read as "valid".
        return sentences.Count > 0 || errors.Count == 0 ? sentences : [$"{words.Value} do not fit {words.Schema}."];
    }

    /// <summary>
    /// The errors that name a cause; a choice of schemas is one of them, since no branch is the intended one.
    /// </summary>
    private static IEnumerable<ValidationError> Leaves(ValidationError error) => error switch
    {
        // A number where an object should be also lacks every required property, which helps nobody.
        { Kind: ValidationErrorKind.PropertyRequired, Token: not JObject } => [],
        { Kind: ValidationErrorKind.NotAnyOf or ValidationErrorKind.NotOneOf } => [error],
        ChildSchemaValidationError parent =>
            parent.Errors.Values.SelectMany(children => children).SelectMany(Leaves),
        _ => [error],
    };

    private static string Sentence(ValidationError error, SchemaWords words)
    {
        var name = Shorten(error.Path is { Length: > 2 } path ? path[2..] : words.Root, MaxNameLength);
        return $"'{name}' {Problem(error, words)}.";
    }

    private static string Problem(ValidationError error, SchemaWords words)
    {
        var schema = error.Schema;
        return error.Kind switch
        {
            ValidationErrorKind.PropertyRequired => "is missing",
            ValidationErrorKind.NoAdditionalPropertiesAllowed => words.Unknown,
            ValidationErrorKind.StringExpected => Expected("a string", error),
            ValidationErrorKind.NumberExpected => Expected("a number", error),
            ValidationErrorKind.IntegerExpected => Expected("an integer", error),
            ValidationErrorKind.BooleanExpected => Expected("true or false", error),
            ValidationErrorKind.ObjectExpected => Expected("an object", error),
            ValidationErrorKind.ArrayExpected => Expected("an array", error),
            ValidationErrorKind.NullExpected => Expected("null", error),
            ValidationErrorKind.NoTypeValidates => Expected(Types(schema), error),
            ValidationErrorKind.NotInEnumeration => $"must be one of {Choices(schema.Enumeration)}",
            ValidationErrorKind.PatternMismatch => "does not have the required form",
            ValidationErrorKind.StringTooShort => $"must have at least {Number(schema.MinLength)} characters",
            ValidationErrorKind.StringTooLong => $"must have at most {Number(schema.MaxLength)} characters",
            ValidationErrorKind.NumberTooSmall => $"must be {AtLeast(schema)}",
            ValidationErrorKind.NumberTooBig => $"must be {AtMost(schema)}",
            ValidationErrorKind.NumberNotMultipleOf => $"must be a multiple of {Number(schema.MultipleOf)}",
            ValidationErrorKind.TooFewItems => $"must have at least {Number(schema.MinItems)} items",
            ValidationErrorKind.TooManyItems => $"must have at most {Number(schema.MaxItems)} items",
            ValidationErrorKind.ItemsNotUnique => "must not hold the same item twice",
            ValidationErrorKind.TooFewProperties => $"must have at least {Number(schema.MinProperties)} properties",
            ValidationErrorKind.TooManyProperties => $"must have at most {Number(schema.MaxProperties)} properties",
            ValidationErrorKind.NotAnyOf or ValidationErrorKind.NotOneOf => "has none of the forms the schema offers",
            ValidationErrorKind.ExcludedSchemaValidates => "has a form that the schema excludes",
            _ when schema.Format is { Length: > 0 } format => $"must be in the format '{Shorten(format, MaxChoiceLength)}'",
            _ => "does not fit the schema",
        };
    }

    private static string Expected(string what, ValidationError error) => $"must be {what}, but is {Kind(error.Token)}";

    private static string Kind(JToken? token) => token?.Type switch
    {
        JTokenType.Object => "an object",
        JTokenType.Array => "an array",
        JTokenType.Integer => "an integer",
        JTokenType.Float => "a number with a fraction",
        JTokenType.String => "a string",
        JTokenType.Boolean => "true or false",
        _ => "null",
    };

    private static string AtLeast(NJsonSchema.JsonSchema schema) => schema.ExclusiveMinimum is { } above
        ? $"greater than {Number(above)}"
        : $"at least {Number(schema.Minimum)}";

    private static string AtMost(NJsonSchema.JsonSchema schema) => schema.ExclusiveMaximum is { } below
        ? $"less than {Number(below)}"
        : $"at most {Number(schema.Maximum)}";

    private static string Choices(ICollection<object?> values)
    {
        var shown = values.Take(MaxChoices)
            .Select(value => Shorten(value?.ToString() ?? "null", MaxChoiceLength))
            .ToArray();
        return values.Count > MaxChoices ? $"{string.Join(", ", shown)}, …" : OneOf(shown);
    }

    private static string OneOf(string[] choices) => choices is [.. var first, var last] && first.Length > 0
        ? $"{string.Join(", ", first)} or {last}"
        : string.Concat(choices);

    private static string Types(NJsonSchema.JsonSchema schema) =>
        OneOf(schema.Type.ToString().ToLowerInvariant().Split(", "));

    private static string Number(IFormattable? value) =>
        value?.ToString(null, CultureInfo.InvariantCulture) ?? "the limit";

    /// <summary>Names can be the model's own invention, of any length and with any character.</summary>
    private static string Shorten(string text, int length)
    {
        var shortened = text.Length <= length ? text : text[..(length - 1)] + "…";
        return string.Create(shortened.Length, shortened, (span, source) =>
        {
            for (var index = 0; index < span.Length; index++)
            {
                span[index] = char.IsControl(source[index]) || char.IsSurrogate(source[index]) ? '?' : source[index];
            }
        });
    }
}
