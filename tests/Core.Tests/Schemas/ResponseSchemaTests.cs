using System.Text.Json;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Tests.Runs;

namespace Yggdrasil.Tests.Schemas;

/// <summary>What an agent may name as its response schema. Whoever writes one may be hostile.</summary>
public sealed class ResponseSchemaTests
{
    private readonly AgentValidator _validator = new(new ScriptedModels(), new TestTools().Catalog(), new NotificationOptions());

    public static TheoryData<string, string> Refused => new()
    {
        { "a string", "\"x\"" },
        { "a list", "[]" },
        { "true", "true" },
        { "a type that is none", """{"type":"strnig"}""" },
        { "keywords of wrong types", """{"type":"object","properties":[1],"required":5}""" },
        { "a reference to a file", """{"$ref":"file:///etc/passwd"}""" },
        { "a reference to a path", """{"properties":{"a":{"$ref":"../../secret.json"}}}""" },
        { "a reference to an address", """{"properties":{"a":{"$ref":"http://169.254.169.254/latest/meta-data"}}}""" },
        { "a reference to a part of another document", """{"items":{"$ref":"https://example.com/schema.json#/definitions/a"}}""" },
        { "a reference to nothing", """{"properties":{"a":{"$ref":"#/definitions/none"}}}""" },
        { "a reference that is no text", """{"properties":{"a":{"$ref":5}}}""" },
        { "itself", """{"$ref":"#"}""" },
        { "itself in another form", """{"type":"object","allOf":[{"$ref":"#"}]}""" },
        { "two references in a circle", """{"properties":{"a":{"$ref":"#/definitions/b"}},"definitions":{"b":{"$ref":"#/definitions/c"},"c":{"$ref":"#/definitions/b"}}}""" },
        { "a pattern that needs backtracking", """{"type":"string","pattern":"(a)\\1"}""" },
        { "a pattern that is none", """{"type":"string","pattern":"("}""" },
        { "names by pattern", """{"patternProperties":{"^(a+)+$":{"type":"string"}}}""" },
        { "more than 64 KiB", $$"""{"description":"{{new string('x', 64 * 1024)}}"}""" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Schema_that_cannot_be_trusted_or_read_is_refused(string defect, string schema)
    {
        var errors = Errors(schema);

        Assert.True(errors.ContainsKey("responseSchema"), defect);
    }

    [Theory]
    [InlineData("""{"properties":{"n":{"type":"number","multipleOf":0}}}""", "properties.n.multipleOf")]
    [InlineData("""{"multipleOf":-2}""", "multipleOf")]
    [InlineData("""{"multipleOf":1e999}""", "multipleOf")]
    [InlineData("""{"properties":{"a":{"minLength":-1}}}""", "properties.a.minLength")]
    [InlineData("""{"items":{"maxItems":2.5}}""", "items.maxItems")]
    [InlineData("""{"items":[{},{"maxProperties":"5"}]}""", "items[1].maxProperties")]
    [InlineData("""{"maxLength":99999999999}""", "maxLength")]
    [InlineData("""{"minimum":"1"}""", "minimum")]
    [InlineData("""{"anyOf":[{"maximum":[]}]}""", "anyOf[0].maximum")]
    [InlineData("""{"additionalProperties":{"exclusiveMinimum":null}}""", "additionalProperties.exclusiveMinimum")]
    [InlineData("""{"uniqueItems":"yes"}""", "uniqueItems")]
    [InlineData("""{"enum":[]}""", "enum")]
    [InlineData("""{"enum":"a"}""", "enum")]
    [InlineData("""{"required":["a","a"]}""", "required")]
    [InlineData("""{"required":"a"}""", "required")]
    [InlineData("""{"properties":{"a":5}}""", "properties.a")]
    [InlineData("""{"properties":[]}""", "properties")]
    [InlineData("""{"allOf":[]}""", "allOf")]
    [InlineData("""{"oneOf":{}}""", "oneOf")]
    [InlineData("""{"not":"x"}""", "not")]
    [InlineData("""{"type":[]}""", "type")]
    [InlineData("""{"type":["string","string"]}""", "type")]
    [InlineData("""{"type":"strnig"}""", "type")]
    [InlineData("""{"format":5}""", "format")]
    [InlineData("""{"$defs":{"a":{"pattern":"["}}}""", "$defs.a.pattern")]
    [InlineData("""{"pattern":"(?<x>a)\\k<x>"}""", "pattern")]
    [InlineData("""{"pattern":"(a{1000}){1000}"}""", "pattern")]
    [InlineData("""{"pattern":5}""", "pattern")]
    [InlineData("""{"patternProperties":{}}""", "patternProperties")]
    [InlineData("""{"properties":{"a":{"$ref":"#/$defs/none"}},"$defs":{}}""", "properties.a.$ref")]
    [InlineData("""{"properties":{"a":{"$ref":"#b"}}}""", "properties.a.$ref")]
    [InlineData("""{"properties":{"a":{"$ref":"#/properties/a"}}}""", "properties.a.$ref")]
    [InlineData("""{"properties":{"a":{"$ref":"#/$defs/b"}},"$defs":{"b":{"$ref":"#/$defs/c"},"c":{"$ref":"#/$defs/b"}}}""", "properties.a.$ref")]
    public void Keyword_that_is_not_as_it_has_to_be_is_named_with_its_place(string schema, string place) =>
        Assert.StartsWith($"{place}: ", Assert.Single(Errors(schema)["responseSchema"]), StringComparison.Ordinal);

    [Fact]
    public void Patterns_are_bounded_in_length_and_number()
    {
        var patterns = string.Join(',', Enumerable.Range(0, 201).Select(number => $$"""{"pattern":"a{{number}}"}"""));

        Assert.StartsWith("pattern: ", Errors($$"""{"pattern":"{{new string('a', 1025)}}"}""")["responseSchema"][0], StringComparison.Ordinal);
        Assert.StartsWith("anyOf[200].pattern: ", Errors($$"""{"anyOf":[{{patterns}}]}""")["responseSchema"][0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"string","minLength":2.0,"maxLength":3e0}""")]
    [InlineData("""{"type":"number","minimum":0,"exclusiveMinimum":true,"multipleOf":0.01}""")]
    [InlineData("""{"type":"object","properties":{"minimum":{"type":"string"},"enum":{"enum":["x",null,4]},"$ref":{"type":"string"}},"default":{"multipleOf":0}}""")]
    [InlineData("""{"properties":{"a/b":{"type":"string"},"c":{"$ref":"#/properties/a~1b"}}}""")]
    [InlineData("{}")]
    [InlineData("""{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}""")]
    [InlineData("""{"type":["string","null"]}""")]
    [InlineData("""{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"https://example.com/x","type":"object"}""")]
    [InlineData("""{"definitions":{"tree":{"type":"object","properties":{"left":{"$ref":"#/definitions/tree"}}}},"$ref":"#/definitions/tree"}""")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#/$defs/a"}},"$defs":{"a":{"type":"string"}}}""")]
    [InlineData("""{"type":"object","properties":{"a":true,"b":false},"additionalProperties":{"type":"object","properties":{"type":{"type":"string"},"const":{"type":"null"}}}}""")]
    [InlineData("""{"anyOf":[{"type":"object","properties":{"kind":{"const":"a"}}},{"type":"string","pattern":"^a+$"}]}""")]
    public void Schema_of_ordinary_form_is_accepted(string schema) => Assert.Empty(Errors(schema));

    private Dictionary<string, string[]> Errors(string schema)
    {
        var errors = new FieldErrors();
        _validator.Validate(new AgentDefinition { Model = "scripted:one", ResponseSchema = JsonElement.Parse(schema) }, errors);
        try
        {
            errors.ThrowIfAny();
            return [];
        }
        catch (InvalidRequestException refused)
        {
            return refused.Errors.ToDictionary();
        }
    }
}
