using System.Text.Json;
using Yggdrasil.Foundation.Schemas;

namespace Yggdrasil.Tests.Schemas;

public sealed class StructuredAnswerTests
{
    private const string City =
        """
        {"type":"object","required":["name"],"additionalProperties":false,
         "properties":{"name":{"type":"string","minLength":1},"people":{"type":"integer","minimum":0}}}
        """;

    public static TheoryData<string, string> Valid => new()
    {
        { "JSON", """{"name":"Oslo","people":709037}""" },
        { "JSON with space around it", "\n  {\"name\":\"Oslo\"}\n" },
        { "a code block", "```json\n{\"name\":\"Oslo\"}\n```" },
        { "a code block without a language", "```\n{\"name\":\"Oslo\"}\n```" },
        { "a code block in another case, with space and Windows lines", "  ```JSON\r\n{\"name\":\"Oslo\"}\r\n```\r\n" },
    };

    [Theory]
    [MemberData(nameof(Valid))]
    public void Answer_that_is_JSON_and_nothing_else_is_valid(string form, string answer)
    {
        Assert.True(Errors(City, answer) is [], form);
        Assert.Equal("Oslo", StructuredAnswer.Parse(answer)!.Value.GetProperty("name").GetString());
    }

    public static TheoryData<string, string, string> Invalid => new()
    {
        { "nothing", "", "is not JSON" },
        { "prose", "Oslo has 709,037 people.", "is not JSON" },
        { "prose before it", "Here it is:\n{\"name\":\"Oslo\"}", "is not JSON" },
        { "prose before a code block", "Here it is:\n```json\n{\"name\":\"Oslo\"}\n```", "is not JSON" },
        { "prose after a code block", "```json\n{\"name\":\"Oslo\"}\n```\nAnything else?", "is not JSON" },
        { "two code blocks", "```json\n{\"name\":\"Oslo\"}\n```\n```json\n{\"name\":\"Bergen\"}\n```", "is not JSON" },
        { "two values", "{\"name\":\"Oslo\"}{\"name\":\"Bergen\"}", "is not JSON" },
        { "a comment", "{\"name\":\"Oslo\"/* the capital */}", "is not JSON" },
        { "a trailing comma", "{\"name\":\"Oslo\",}", "is not JSON" },
        { "half of it", "{\"name\":\"Os", "is not JSON" },
        { "a name given twice", """{"name":"Oslo","name":"Bergen"}""", "is not JSON" },
        { "33 levels", new string('[', 33) + new string(']', 33), "is not JSON" },
        { "100,000 levels", new string('[', 100_000), "is not JSON" },
        { "text that is no Unicode", """{"name":"\ud800"}""", "is not JSON" },
        { "a name that is no Unicode", """{"name":"Oslo","\ud800":1}""", "is not JSON" },
        { "another type", "[]", "'answer' must be an object, but is an array." },
        { "a missing property", "{}", "'name' is missing." },
        { "a property too many", """{"name":"Oslo","mayor":"x"}""", "'mayor' is not in the schema." },
        { "a value out of range", """{"name":"Oslo","people":-1}""", "'people' must be at least 0." },
        { "a number as text", """{"name":"Oslo","people":"many"}""", "'people' must be an integer, but is a string." },
        { "a number of 400 digits", $$"""{"name":"Oslo","people":{{new string('9', 400)}}}""", "cannot be checked" },
        { "more than a megabyte", $$"""{"name":"{{new string('x', 1024 * 1024)}}"}""", "larger than 1024 KiB" },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Answer_that_does_not_fit_is_explained(string form, string answer, string error)
    {
        var errors = Errors(City, answer);

        Assert.True(errors.Count > 0, form);
        Assert.Contains(error, string.Join(" ", errors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"const":"a"}""", "\"b\"")]
    [InlineData("""{"type":"object","properties":{"kind":{"const":1}}}""", """{"kind":2}""")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":"string"}}}""", """{"a":5}""")]
    [InlineData("""{"anyOf":[{"type":"object","properties":{"kind":{"const":"a"}},"required":["kind"]},{"type":"null"}]}""", """{"kind":"b"}""")]
    [InlineData("""{"const":null}""", "0")]
    [InlineData("""{"type":"object","properties":{"a":false}}""", """{"a":1}""")]
    [InlineData("""{"definitions":{"tree":{"type":"object","properties":{"left":{"$ref":"#/definitions/tree"}}}},"$ref":"#/definitions/tree"}""", """{"left":{"left":5}}""")]
    [InlineData("""{"type":"array","items":{"type":"integer"}}""", "[1,\"2\"]")]
    [InlineData("""{"type":"array","maxItems":0}""", "[1]")]
    [InlineData("""{"type":"object","maxProperties":0,"allOf":[{"type":"object"}]}""", """{"a":1}""")]
    public void Keyword_of_the_schema_is_applied(string schema, string answer) => Assert.NotEmpty(Errors(schema, answer));

    [Theory]
    [InlineData("""{"type":["array","null"],"maxItems":0}""", "[]")]
    [InlineData("""{"type":["array","null"],"maxItems":0}""", "null")]
    [InlineData("""{"type":"object","maxProperties":0}""", "{}")]
    [InlineData("""{"type":"array","maxItems":1}""", "[1]")]
    public void Answer_within_a_limit_fits(string schema, string answer) => Assert.Empty(Errors(schema, answer));

    [Fact]
    public void Value_of_the_answer_is_in_no_error()
    {
        var errors = Errors(City, """{"name":5,"people":"SECRET","other":"SECRET"}""");

        Assert.Equal(3, errors.Count);
        Assert.DoesNotContain("SECRET", string.Concat(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Schema_that_never_ends_is_an_error_and_no_stack_overflow()
    {
        var errors = Errors("""{"type":"object","allOf":[{"$ref":"#"}]}""", "{}");

        Assert.Contains("too large or too deeply nested", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Schema_of_an_older_version_that_cannot_be_read_fits_no_answer() =>
        Assert.Contains("cannot be read", Assert.Single(Errors("""{"$ref":"#/nowhere"}""", "{}")), StringComparison.Ordinal);

    private static IReadOnlyList<string> Errors(string schema, string answer) => StructuredAnswer.Validate(JsonElement.Parse(schema), answer);
}
