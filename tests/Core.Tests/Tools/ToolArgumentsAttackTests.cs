using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Tools.ToolSchemas;

namespace Yggdrasil.Tests.Tools;

public sealed class ToolArgumentsAttackTests
{
    private readonly ToolArguments _arguments = new();

    public static TheoryData<string, object?, string> Hostile => new()
    {
        { "10,000 arrays deep", Deep(10_000), "nested deeper than 32" },
        { "33 levels with the arguments themselves", Deep(32), "nested deeper than 32" },
        { "10,000 nodes deep", DeepNode(10_000), "nested deeper than 32" },
        { "5 MB of text", new string('a', 5_000_000), "larger than 256 KiB" },
        { "5 MB of text as JSON", JsonSerializer.SerializeToElement(new string('a', 5_000_000)), "larger than 256 KiB" },
        { "5 MB of numbers", Enumerable.Repeat(1, 2_500_000).ToArray(), "larger than 256 KiB" },
        { "text that grows when escaped", new string('\u0001', 100_000), "larger than 256 KiB" },
        { "a name given twice", JsonElement.Parse("""{"x":1,"x":"2"}"""), "every name may be given only once" },
        { "not a number", double.NaN, "cannot be written as JSON" },
        { "an element of no document", default(JsonElement), "cannot be written as JSON" },
        { "half a surrogate pair", JsonElement.Parse("\"\\ud800\""), "cannot be written as JSON" },
        { "a delegate", () => { }, "cannot be written as JSON" },
        { "an integer of 400 digits", JsonElement.Parse(new string('9', 400)), "cannot be checked" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Hostile_values_are_an_error_and_not_an_exception(string attack, object? value, string error)
    {
        var anything = WithSchema("""{"type":"object","properties":{"value":{}},"additionalProperties":false}""");
        var validation = _arguments.Validate(anything, new Dictionary<string, object?> { ["value"] = value });

        Assert.Contains(error, Assert.Single(validation.Errors), StringComparison.Ordinal);
        Assert.False(validation.IsValid, attack);
    }

    [Fact]
    public void The_depth_limit_itself_is_allowed()
    {
        var anything = WithSchema("""{"type":"object","properties":{"value":{}},"additionalProperties":false}""");
        Assert.True(_arguments.Validate(anything, new Dictionary<string, object?> { ["value"] = Deep(31) }).IsValid);
    }

    [Fact]
    public void Errors_are_few_short_and_repeat_no_value()
    {
        var arguments = new Dictionary<string, object?> { ["name"] = new string('S', 1000) };
        for (var index = 0; index < 100; index++)
        {
            arguments[$"{index}{new string('x', 1000)}\r\n"] = "SECRET";
        }

        var errors = _arguments.Validate(Shapes, arguments).Errors;

        Assert.InRange(errors.Count, 2, 10);
        Assert.InRange(Encoding.UTF8.GetByteCount(string.Concat(errors)), 1, 2048);
        Assert.DoesNotContain("SECRET", string.Concat(errors), StringComparison.Ordinal);
        Assert.DoesNotContain("SSSS", string.Concat(errors), StringComparison.Ordinal);
        Assert.DoesNotContain(errors, error => error.Any(char.IsControl));
        Assert.Equal("There are further errors.", errors[^1]);
    }

    [Theory]
    [InlineData("not an object", "5")]
    [InlineData("reference to a file", """{"$ref":"/etc/passwd"}""")]
    [InlineData("reference to an address", """{"properties":{"a":{"$ref":"http://127.0.0.1:9/schema.json"}}}""")]
    [InlineData("reference to nothing", """{"properties":{"a":{"$ref":"#/nowhere"}}}""")]
    [InlineData("reference to itself", """{"properties":{"a":{"$ref":"#/properties/a"}}}""")]
    [InlineData("malformed pattern", """{"properties":{"a":{"type":"string","pattern":"("}}}""")]
    [InlineData("pattern that needs backtracking", """{"properties":{"a":{"type":"string","pattern":"(a)\\1"}}}""")]
    [InlineData("names by pattern", """{"patternProperties":{"^(a+)+$":{"type":"string"}}}""")]
    [InlineData("wrong types of keywords", """{"type":{"a":1},"properties":[1],"required":5}""")]
    public void A_schema_that_cannot_be_read_refuses_every_call(string defect, string schema)
    {
        var error = Assert.Single(Validate(WithSchema(schema), """{"a":"b"}""").Errors);
        Assert.True(error.Contains("cannot be", StringComparison.Ordinal), defect);
    }

    [Fact]
    public void A_schema_that_refers_to_itself_without_descending_is_an_error_and_no_stack_overflow()
    {
        var error = Assert.Single(Validate(WithSchema("""{"type":"object","allOf":[{"$ref":"#"}]}"""), "{}").Errors);
        Assert.Contains("too large or too deeply nested to be checked", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tower_of_choices_ends_at_the_bound_on_steps()
    {
        var definitions = Enumerable.Range(0, 40).Select(level =>
            $$"""
            "d{{level}}": { "anyOf": [ { "$ref": "#/definitions/d{{level + 1}}" }, { "$ref": "#/definitions/d{{level + 1}}" } ] }
            """);
        var schema = $$"""
            { "type": "object", "properties": { "a": { "$ref": "#/definitions/d0" } },
              "definitions": { {{string.Join(',', definitions)}}, "d40": { "type": "integer" } } }
            """;

        var error = Assert.Single(Validate(WithSchema(schema), """{"a":"b"}""").Errors);
        Assert.Contains("too large or too deeply nested to be checked", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_made_to_backtrack_is_matched_in_linear_time()
    {
        // Backtracking takes 2^100,000 steps for this; a test that ends has passed.
        var tool = WithSchema("""{"type":"object","properties":{"a":{"type":"string","pattern":"^(a+)+$"}}}""");
        Assert.Equal(["'a' does not have the required form."], Validate(tool, $$"""{"a":"{{new string('a', 100_000)}}!"}""").Errors);
        Assert.Empty(Validate(tool, """{"a":"aaa"}""").Errors);
    }

    private static readonly Gen<JsonNode?> AnyJson = Gen.Recursive<JsonNode?>((depth, inner) => depth > 4
        ? Gen.Const((JsonNode?)null)
        : Gen.OneOf(
            Gen.Const((JsonNode?)null),
            Gen.Bool.Select(value => (JsonNode?)JsonValue.Create(value)),
            Gen.Double.Where(double.IsFinite).Select(value => (JsonNode?)JsonValue.Create(value)),
            Gen.Long.Select(value => (JsonNode?)JsonValue.Create(value)),
            Gen.String.Select(value => (JsonNode?)JsonValue.Create(value)),
            inner.Array[0, 4].Select(items => (JsonNode?)new JsonArray([.. items.Select(item => item?.DeepClone())])),
            Gen.Dictionary(Name, inner)[0, 4].Select(items => (JsonNode?)new JsonObject(
                items.Select(item => KeyValuePair.Create(item.Key, item.Value?.DeepClone()))))));

    private static Gen<string> Name => Gen.OneOf(
        Gen.OneOf("name", "count", "ratio", "on", "color", "list", "inner", "either", "maybe", "map", "when", "x", "deep"),
        Gen.String);

    [Fact]
    public void Arbitrary_arguments_never_throw_and_are_either_passed_or_explained() =>
        Gen.Dictionary(Name, AnyJson)[0, 8].Sample(arguments =>
        {
            var validation = _arguments.Validate(Shapes, arguments.ToDictionary(pair => pair.Key, pair => (object?)pair.Value));

            Assert.Equal(validation.IsValid ? arguments.Count : 0, validation.Arguments.Count);
            Assert.InRange(validation.Errors.Count, validation.IsValid ? 0 : 1, 10);
            Assert.InRange(Encoding.UTF8.GetByteCount(string.Concat(validation.Errors)), 0, 2048);
        });

    private static JsonElement Deep(int levels) => JsonElement.Parse(
        new string('[', levels) + new string(']', levels), new JsonDocumentOptions { MaxDepth = 20_000 });

    private static JsonNode DeepNode(int levels)
    {
        JsonNode node = new JsonArray();
        for (var level = 1; level < levels; level++)
        {
            node = new JsonArray(node);
        }

        return node;
    }

    private ArgumentValidation Validate(AgentTool tool, string json) =>
        _arguments.Validate(tool, JsonSerializer.Deserialize<Dictionary<string, object?>>(json));
}
