using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Tools;

public sealed class ToolArgumentsTests : IDisposable
{
    private const string ShapesSchema =
        """
        {
          "type": "object", "additionalProperties": false, "required": ["name"],
          "properties": {
            "name": { "type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$" },
            "count": { "type": "integer", "minimum": 1, "maximum": 9 },
            "ratio": { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.25 },
            "on": { "type": "boolean" },
            "color": { "enum": ["red", "green"] },
            "list": { "type": "array", "items": { "type": "integer" }, "minItems": 1, "maxItems": 3, "uniqueItems": true },
            "inner": { "type": "object", "required": ["x"], "additionalProperties": false,
                       "properties": { "x": { "type": "integer" }, "deep": { "$ref": "#/properties/inner" } } },
            "either": { "anyOf": [ { "type": "string" }, { "type": "integer" } ] },
            "maybe": { "type": ["string", "null"] },
            "map": { "type": "object", "additionalProperties": { "type": "integer" }, "maxProperties": 2 },
            "when": { "type": "string", "format": "date-time" },
            "id": { "type": "string", "format": "uuid" }
          }
        }
        """;

    private static readonly AgentTool Shapes = WithSchema(ShapesSchema);

    private readonly ToolArguments _arguments = new();
    private readonly ToolHost _host =
        new(services => services.AddSingleton<IOrderStore, OrderStore>().AddAgentTools<OrderTools>());

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData("""{"name":"ab"}""")]
    [InlineData("""{"name":"abcde","count":9,"ratio":0.75,"on":false,"color":"red","list":[1,2,3]}""")]
    [InlineData("""{"name":"ab","inner":{"x":1,"deep":{"x":2,"deep":{"x":3}}}}""")]
    [InlineData("""{"name":"ab","either":"a","maybe":null,"map":{"a":1,"b":2}}""")]
    [InlineData("""{"name":"ab","either":5,"when":"2026-07-01T12:00:00Z","id":"5a8cf3a4-4b5e-4a3c-9b65-3f0ee2f8f2a7"}""")]
    public void Valid_arguments_pass_unchanged(string json)
    {
        var validation = Validate(Shapes, json);

        Assert.Empty(validation.Errors);
        Assert.True(validation.IsValid);
        Assert.Equal(json, JsonSerializer.Serialize(validation.Arguments));
    }

    [Theory]
    [InlineData("{}", "'name' is missing.")]
    [InlineData("""{"name":5}""", "'name' must be a string, but is an integer.")]
    [InlineData("""{"name":null}""", "'name' must be a string, but is null.")]
    [InlineData("""{"name":["ab"]}""", "'name' must be a string, but is an array.")]
    [InlineData("""{"name":"a"}""", "'name' must have at least 2 characters.")]
    [InlineData("""{"name":"abcdef"}""", "'name' must have at most 5 characters.")]
    [InlineData("""{"name":"AB"}""", "'name' does not have the required form.")]
    [InlineData("""{"name":"ab","count":"3"}""", "'count' must be an integer, but is a string.")]
    [InlineData("""{"name":"ab","count":3.5}""", "'count' must be an integer, but is a number with a fraction.")]
    [InlineData("""{"name":"ab","count":0}""", "'count' must be at least 1.")]
    [InlineData("""{"name":"ab","count":10}""", "'count' must be at most 9.")]
    [InlineData("""{"name":"ab","ratio":1}""", "'ratio' must be less than 1.")]
    [InlineData("""{"name":"ab","ratio":0}""", "'ratio' must be greater than 0.")]
    [InlineData("""{"name":"ab","ratio":0.3}""", "'ratio' must be a multiple of 0.25.")]
    [InlineData("""{"name":"ab","ratio":true}""", "'ratio' must be a number, but is true or false.")]
    [InlineData("""{"name":"ab","on":"true"}""", "'on' must be true or false, but is a string.")]
    [InlineData("""{"name":"ab","color":"blue"}""", "'color' must be one of red or green.")]
    [InlineData("""{"name":"ab","list":{}}""", "'list' must be an array, but is an object.")]
    [InlineData("""{"name":"ab","list":[]}""", "'list' must have at least 1 items.")]
    [InlineData("""{"name":"ab","list":[1,2,3,4]}""", "'list' must have at most 3 items.")]
    [InlineData("""{"name":"ab","list":[1,1]}""", "'list' must not hold the same item twice.")]
    [InlineData("""{"name":"ab","list":[1,"b"]}""", "'list[1]' must be an integer, but is a string.")]
    [InlineData("""{"name":"ab","inner":5}""", "'inner' must be an object, but is an integer.")]
    [InlineData("""{"name":"ab","inner":{}}""", "'inner.x' is missing.")]
    [InlineData("""{"name":"ab","inner":{"x":1,"deep":{"x":"1"}}}""", "'inner.deep.x' must be an integer, but is a string.")]
    [InlineData("""{"name":"ab","inner":{"x":1,"y":1}}""", "'inner.y' is not an argument of this tool.")]
    [InlineData("""{"name":"ab","either":true}""", "'either' has none of the forms that the schema offers.")]
    [InlineData("""{"name":"ab","maybe":5}""", "'maybe' must be null or string, but is an integer.")]
    [InlineData("""{"name":"ab","map":{"a":"1"}}""", "'map.a' must be an integer, but is a string.")]
    [InlineData("""{"name":"ab","map":{"a":1,"b":1,"c":1}}""", "'map' must have at most 2 properties.")]
    [InlineData("""{"name":"ab","when":"tomorrow"}""", "'when' must be in the format 'date-time'.")]
    [InlineData("""{"name":"ab","id":"5"}""", "'id' must be in the format 'uuid'.")]
    [InlineData("""{"name":"ab","extra":1}""", "'extra' is not an argument of this tool.")]
    [InlineData("""{"name":"ab","Name":"ab"}""", "'Name' is not an argument of this tool.")]
    public void Invalid_arguments_are_refused_and_the_error_says_which_and_why(string json, string error)
    {
        var validation = Validate(Shapes, json);

        Assert.Equal([error], validation.Errors);
        Assert.False(validation.IsValid);
        Assert.Empty(validation.Arguments);
    }

    [Fact]
    public void Every_wrong_argument_is_named()
    {
        var errors = Validate(Shapes, """{"count":"x","on":1,"other":2}""").Errors;
        Assert.Equal(
            [
                "'name' is missing.",
                "'count' must be an integer, but is a string.",
                "'on' must be true or false, but is an integer.",
                "'other' is not an argument of this tool.",
            ],
            errors);
    }

    public static TheoryData<string, object?> EqualForms => new()
    {
        { "string", "ab" },
        { "element", JsonSerializer.SerializeToElement("ab") },
        { "node", JsonValue.Create("ab") },
        { "document", JsonDocument.Parse("\"ab\"") },
        { "char array as text", string.Concat('a', 'b') },
    };

    [Theory]
    [MemberData(nameof(EqualForms))]
    public void An_argument_may_come_in_any_form_a_client_library_uses(string form, object? value)
    {
        var validation = _arguments.Validate(Shapes, new Dictionary<string, object?> { ["name"] = value });
        Assert.True(validation.IsValid, form);
        Assert.Equal("ab", validation.Arguments["name"].GetString());
    }

    [Fact]
    public void Numbers_lists_and_objects_may_be_plain_objects()
    {
        var validation = _arguments.Validate(Shapes, new Dictionary<string, object?>
        {
            ["name"] = "ab",
            ["count"] = 3L,
            ["ratio"] = 0.5,
            ["list"] = new List<object?> { 1, 2 },
            ["inner"] = new Dictionary<string, object?> { ["x"] = 1 },
            ["maybe"] = null,
        });

        Assert.Empty(validation.Errors);
        Assert.Equal(
            """{"name":"ab","count":3,"ratio":0.5,"list":[1,2],"inner":{"x":1},"maybe":null}""",
            JsonSerializer.Serialize(validation.Arguments));
    }

    [Fact]
    public void No_arguments_are_an_empty_object()
    {
        var noParameters = WithSchema("""{"type":"object","properties":{},"additionalProperties":false}""");
        Assert.True(_arguments.Validate(noParameters, null).IsValid);
        Assert.Equal(["'name' is missing."], _arguments.Validate(Shapes, null).Errors);
    }

    [Fact]
    public void The_normalised_arguments_outlive_the_document_they_came_from()
    {
        ArgumentValidation validation;
        using (var document = JsonDocument.Parse("\"ab\""))
        {
            validation = _arguments.Validate(
                Shapes, new Dictionary<string, object?> { ["name"] = document.RootElement });
        }

        Assert.Equal("ab", validation.Arguments["name"].GetString());
    }

    [Fact]
    public void A_string_that_looks_like_a_date_stays_the_string_it_was()
    {
        var validation = Validate(Shapes, """{"name":"ab","maybe":"2026-07-01T12:00:00.0000000+02:00"}""");
        Assert.Equal("2026-07-01T12:00:00.0000000+02:00", validation.Arguments["maybe"].GetString());
    }

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

    [Theory]
    [InlineData("""{"filter":{"city":"Oslo","or":{"city":"Bergen"}}}""", null)]
    [InlineData("""{"filter":{"city":"Oslo","or":{}}}""", "'filter.or.city' is missing.")]
    [InlineData("""{"filter":{"city":"Oslo"},"store":{}}""", "'store' is not an argument of this tool.")]
    [InlineData("""{"filter":{"city":"Oslo"},"context":{}}""", "'context' is not an argument of this tool.")]
    [InlineData("""{"filter":{"city":"Oslo"},"limit":101}""", "'limit' must be at most 100.")]
    [InlineData("""{"filter":{"city":"Oslo"},"state":"Lost"}""", "'state' must be one of Open, Shipped or null.")]
    public void The_schema_made_of_a_method_is_enforced(string json, string? error)
    {
        string[] expected = error is null ? [] : [error];
        Assert.Equal(expected, Validate(_host.Tool("find_orders"), json).Errors);
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

    private static AgentTool WithSchema(string schema) => new()
    {
        Declaration = AIFunctionFactory.CreateDeclaration("shapes", null, JsonElement.Parse(schema)),
        InvokeAsync = (_, _, _, _) => Task.FromResult(""),
    };

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
