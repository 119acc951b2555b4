using System.Text;
using System.Text.Json;
using Yggdrasil.Foundation.Schemas;

namespace Yggdrasil.Tests.Schemas;

public sealed class JsonIntegersTests
{
    [Theory]
    [InlineData("4.0", 4)]
    [InlineData("4e0", 4)]
    [InlineData("-4.000E0", -4)]
    [InlineData("0.0004e4", 4)]
    [InlineData("40e-1", 4)]
    [InlineData("1.5e1", 15)]
    [InlineData("1e+3", 1000)]
    [InlineData("0.0", 0)]
    [InlineData("-0.0", 0)]
    [InlineData("0e999999", 0)]
    [InlineData("9223372036854775807.0", long.MaxValue)]
    [InlineData("12", 12)]
    public void Number_without_a_fraction_is_an_integer_however_it_is_written(string text, long value)
    {
        Assert.True(JsonIntegers.TryRead(JsonElement.Parse(text), out var number));
        Assert.Equal(value, number);
    }

    [Theory]
    [InlineData("4.5")]
    [InlineData("4.0000000000000000001")]
    [InlineData("1e-1")]
    [InlineData("1e19")]
    [InlineData("1e999999999")]
    [InlineData("1e99999999999999999999")]
    [InlineData("\"4\"")]
    [InlineData("true")]
    public void Everything_else_is_none(string text) => Assert.False(JsonIntegers.TryRead(JsonElement.Parse(text), out _));

    [Theory]
    [InlineData("""{"a":4.0,"b":[1e2,4.5,"4.0"],"4.0":-1.0}""", """{"a":4,"b":[100,4.5,"4.0"],"4.0":-1}""")]
    [InlineData(""" { "a" : 4 } """, """ { "a" : 4 } """)]
    [InlineData("1e27", "1000000000000000000000000000")]
    [InlineData("1e28", "1e28")]
    public void Only_such_numbers_are_written_anew(string json, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(JsonIntegers.Normalize(Encoding.UTF8.GetBytes(json), 32).Span));
}
