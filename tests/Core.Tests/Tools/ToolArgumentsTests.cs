using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Tools.ToolSchemas;

namespace Yggdrasil.Tests.Tools;

public sealed class ToolArgumentsTests : IDisposable
{
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

    [Fact]
    public void Integers_may_be_written_with_a_point_or_an_exponent_and_are_bound_as_such()
    {
        var validation = Validate(Shapes, """{"name":"ab","count":4.0,"list":[1e0,20E-1]}""");

        Assert.Empty(validation.Errors);
        Assert.Equal("""{"name":"ab","count":4,"list":[1,2]}""", JsonSerializer.Serialize(validation.Arguments));
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
    [InlineData("""{"name":"ab","either":true}""", "'either' has none of the forms the schema offers.")]
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
    public void A_long_list_of_valid_items_is_valid()
    {
        var tool = WithSchema(
            """{"type":"object","properties":{"ids":{"type":"array","items":{"type":"integer"}}}}""");
        var ids = Enumerable.Range(0, 40_000).ToArray();

        var validation = _arguments.Validate(tool, new Dictionary<string, object?> { ["ids"] = ids });

        Assert.Empty(validation.Errors);
        Assert.Equal(ids.Length, validation.Arguments["ids"].GetArrayLength());
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

    private ArgumentValidation Validate(AgentTool tool, string json) =>
        _arguments.Validate(tool, JsonSerializer.Deserialize<Dictionary<string, object?>>(json));
}
