using System.Text.Json;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Tests.Runs;

namespace Yggdrasil.Tests.Schemas;

/// <summary>What an agent may name as its response schema. Whoever writes one may be hostile.</summary>
public sealed class ResponseSchemaTests
{
    private readonly AgentValidator _validator = new(new ScriptedModels(), new TestTools().Catalog());

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
