using System.Globalization;
using CsCheck;
using Yggdrasil.Tools;
using Yggdrasil.Tools.BuiltIn;

namespace Yggdrasil.Tests.Tools.BuiltIn;

public sealed class CalculatorToolTests
{
    [Theory]
    [InlineData("17*23", "391")]
    [InlineData("0.1+0.2", "0.3")]
    [InlineData("1+2*3", "7")]
    [InlineData("(1+2)*3", "9")]
    [InlineData("10-4-3", "3")]
    [InlineData("100/10/5", "2")]
    [InlineData("2^3^2", "512")]
    [InlineData("2^-1", "0.5")]
    [InlineData("2^-2^2", "0.0625")]
    [InlineData("-2^2", "-4")]
    [InlineData("(-2)^2", "4")]
    [InlineData("--2", "2")]
    [InlineData("-+-+2", "2")]
    [InlineData("3 - -2", "5")]
    [InlineData("+5", "5")]
    [InlineData(" \t17 \n * 23 ", "391")]
    [InlineData("1/3*3", "1")]
    [InlineData("2/3*3", "2")]
    [InlineData("1/3", "0.3333333333333333333333333")]
    [InlineData("1.50", "1.5")]
    [InlineData(".5 + 5.", "5.5")]
    [InlineData("1.5e3", "1500")]
    [InlineData("2E-3", "0.002")]
    [InlineData("12345678901234567890 * 1000000", "12345678901234567890000000")]
    [InlineData("0.000000001^3", "1E-27")]
    [InlineData("1e-20 * 1e-20", "1E-40")]
    [InlineData("1e-20 * 1e-20 * 1e40", "1")]
    [InlineData("0.5 ^ -200", "1.60693804425899E+60")]
    [InlineData("2^0.5", "1.4142135623731")]
    [InlineData("0^0", "1")]
    [InlineData("2^96", "7.92281625142643E+28")]
    [InlineData("2^95", "39614081257132168796771975168")]
    [InlineData("1e300 * 1e-300", "1")]
    public void Arithmetic_is_exact_where_decimal_is_and_close_beyond(string expression, string expected) =>
        Assert.Equal(expected, CalculatorTool.Calculate(expression));

    [Theory]
    [InlineData("15%", "0.15")]
    [InlineData("15%%", "0.0015")]
    [InlineData("15% * 200", "30")]
    [InlineData("200 * 15%", "30")]
    [InlineData("200 + 10%", "200.1")]
    [InlineData("(10 + 5)%", "0.15")]
    [InlineData("50%^2", "0.25")]
    [InlineData("10 % 3", "1")]
    [InlineData("10%3", "1")]
    [InlineData("10 % (1 + 2)", "1")]
    [InlineData("10 % pi", "0.5752220392306202846120699")]
    [InlineData("10 %.3", "0.1")]
    [InlineData("-7 % 3", "-1")]
    [InlineData("10 % -3", "-2.9")]
    [InlineData("50% % 3", "0.5")]
    [InlineData("max(5%, 1%)", "0.05")]
    public void Percent_and_remainder_are_told_apart_by_what_follows(string expression, string expected) =>
        Assert.Equal(expected, CalculatorTool.Calculate(expression));

    [Theory]
    [InlineData("sqrt(144)", "12")]
    [InlineData("sqrt(0.09)", "0.3")]
    [InlineData("sqrt(2)^2", "2")]
    [InlineData("abs(-5)", "5")]
    [InlineData("min(3, 1, 2)", "1")]
    [InlineData("max(3, 10^40, 2)", "1E+40")]
    [InlineData("round(2.5)", "3")]
    [InlineData("round(-2.5)", "-3")]
    [InlineData("round(2.345, 2)", "2.35")]
    [InlineData("floor(-1.5)", "-2")]
    [InlineData("ceil(1.2)", "2")]
    [InlineData("log(1000)", "3")]
    [InlineData("ln(e)", "1")]
    [InlineData("exp(0)", "1")]
    [InlineData("sin(0) + cos(0)", "1")]
    [InlineData("tan(pi/4)", "1")]
    [InlineData("PI", "3.1415926535897932384626434")]
    [InlineData("Sqrt ( 4 )", "2")]
    [InlineData("max(1, max(2, max(3, 4)))", "4")]
    public void Functions_and_constants(string expression, string expected) =>
        Assert.Equal(expected, CalculatorTool.Calculate(expression));

    [Theory]
    [InlineData("", "Error at position 1: a number, a name or '(' is expected, but there is the end.")]
    [InlineData("   ", "Error at position 4: a number, a name or '(' is expected, but there is the end.")]
    [InlineData("2 +", "Error at position 4: a number, a name or '(' is expected, but there is the end.")]
    [InlineData("2 + * 3", "Error at position 5: a number, a name or '(' is expected, but there is '*'.")]
    [InlineData("2 ** 3", "Error at position 4: a number, a name or '(' is expected, but there is '*'.")]
    [InlineData("(1 + 2", "Error at position 7: ')' is expected, but there is the end.")]
    [InlineData("1 + 2)", "Error at position 6: an operator is expected, but there is ')'.")]
    [InlineData("2 pi", "Error at position 3: an operator is expected, but there is 'p'.")]
    [InlineData("1,000", "Error at position 2: an operator is expected, but there is ','.")]
    [InlineData("1.2.3", "Error at position 4: an operator is expected, but there is '.'.")]
    [InlineData("2^", "Error at position 3: a number, a name or '(' is expected, but there is the end.")]
    [InlineData("()", "Error at position 2: a number, a name or '(' is expected, but there is ')'.")]
    [InlineData("#5", "Error at position 1: a number, a name or '(' is expected, but there is '#'.")]
    [InlineData("5\u0000", "Error at position 2: an operator is expected, but there is a control character.")]
    [InlineData("1 / 0", "Error at position 3: division by zero.")]
    [InlineData("5 % (2 - 2)", "Error at position 3: division by zero.")]
    [InlineData("0^-1", "Error at position 1: division by zero.")]
    [InlineData("1e999", "Error at position 1: the result is too large, or not a real number.")]
    [InlineData("10^1000", "Error at position 1: the result is too large, or not a real number.")]
    [InlineData("9^9^9^9", "Error at position 1: the result is too large, or not a real number.")]
    [InlineData("(-8)^(1/3)", "Error at position 3: the result is too large, or not a real number.")]
    [InlineData("exp(1000)", "Error at position 1: the result is too large, or not a real number.")]
    [InlineData("sqrt(-1)", "Error at position 1: sqrt is not defined for this value.")]
    [InlineData("2 + log(0)", "Error at position 5: log is not defined for this value.")]
    [InlineData("round(1, 1.5)", "Error at position 1: round is not defined for this value.")]
    [InlineData("round(1, 29)", "Error at position 1: round is not defined for this value.")]
    [InlineData("sqrt(1, 2)", "Error at position 1: sqrt does not take 2 arguments.")]
    [InlineData("max()", "Error at position 5: a number, a name or '(' is expected, but there is ')'.")]
    public void Errors_say_where_and_what(string expression, string message) =>
        Assert.Equal(message, Assert.Throws<ToolException>(() => CalculatorTool.Calculate(expression)).Message);

    [Theory]
    [InlineData("x")]
    [InlineData("System.Environment.Exit(1)")]
    [InlineData("eval(1)")]
    [InlineData("$5")]
    [InlineData("__import__(1)")]
    public void Names_that_are_not_known_are_refused(string expression) =>
        Assert.Throws<ToolException>(() => CalculatorTool.Calculate(expression));

    public static TheoryData<string, string> Bombs => new()
    {
        { "1,001 characters", new string('1', 1001) },
        { "parentheses 65 deep", new string('(', 65) + "1" + new string(')', 65) },
        { "only opening parentheses", new string('(', 1000) },
        { "calls 200 deep", string.Concat(Enumerable.Repeat("abs(", 200)) + "1" },
        { "power of powers", string.Join('^', Enumerable.Repeat("9", 500)) },
        { "huge exponent", "1.0000001^1e300" },
    };

    [Theory]
    [MemberData(nameof(Bombs))]
    public void A_bomb_is_an_error(string bomb, string expression)
    {
        var failure = Assert.Throws<ToolException>(() => CalculatorTool.Calculate(expression));
        Assert.False(failure.Message.Length > 200, bomb);
    }

    public static TheoryData<string, string, string> LongButHarmless => new()
    {
        { "64 parentheses", new string('(', 64) + "1" + new string(')', 64), "1" },
        { "999 signs", new string('-', 999) + "1", "-1" },
        { "500 terms", string.Join('+', Enumerable.Repeat("1", 500)), "500" },
        { "500 exponents", string.Join('^', Enumerable.Repeat("1", 500)), "1" },
        { "999 percent signs", "0" + new string('%', 999), "0" },
        { "1,000 digits", new string('0', 999) + "7", "7" },
    };

    [Theory]
    [MemberData(nameof(LongButHarmless))]
    public void What_is_long_but_within_the_bounds_is_computed(string what, string expression, string expected) =>
        Assert.Equal((what, expected), (what, CalculatorTool.Calculate(expression)));

    private static readonly Gen<string> Noise = Gen.OneOf(
        "1", "2.5", "0", "1e9", "1e-9", "1e400", "pi", "sqrt(", "max(", "round(", "ln(", "(", ")", "+", "-", "*", "/", "%", "^",
        ",", ".", " ", "e", "x", "²", "٣", "\0").Array[0, 30].Select(string.Concat);

    [Fact]
    public void Any_text_is_a_number_or_a_tool_exception() => Gen.OneOf(Noise, Gen.String).Sample(text =>
    {
        try
        {
            Assert.True(double.IsFinite(double.Parse(CalculatorTool.Calculate(text), CultureInfo.InvariantCulture)));
        }
        catch (ToolException exception)
        {
            Assert.InRange(exception.Message.Length, 1, 250);
        }
    });

    private static readonly Gen<(string Text, decimal Value)> Leaf =
        Gen.Int[-50, 50].Select(value => (value < 0 ? $"({value})" : $"{value}", (decimal)value));

    /// <summary>Of at most 16 numbers: their product still fits decimal, which both sides compute in.</summary>
    private static readonly Gen<(string Text, decimal Value)> Integers = Gen.Recursive<(string Text, decimal Value)>(
        (depth, inner) => depth > 3
            ? Leaf
            : Gen.Frequency((1, Leaf), (4, Gen.Select(inner, Gen.OneOf('+', '-', '*'), inner, Join))));

    [Fact]
    public void Integer_expressions_agree_with_decimal_arithmetic() => Integers.Sample(expression => Assert.Equal(
        expression.Value.ToString(CultureInfo.InvariantCulture), CalculatorTool.Calculate(expression.Text)));

    private static (string Text, decimal Value) Join(
        (string Text, decimal Value) left, char sign, (string Text, decimal Value) right) =>
        ($"({left.Text} {sign} {right.Text})", sign switch
        {
            '+' => left.Value + right.Value,
            '-' => left.Value - right.Value,
            _ => left.Value * right.Value,
        });

    [Fact]
    public void Precedence_agrees_with_that_of_the_language() =>
        Gen.Select(Gen.Int[1, 99], Gen.Int[1, 99], Gen.Int[1, 99], Gen.Int[1, 99]).Sample((a, b, c, d) =>
        {
            Assert.Equal($"{a - (b * c) + d}", CalculatorTool.Calculate($"{a} - {b} * {c} + {d}"));
            Assert.Equal($"{a * b % c - d}", CalculatorTool.Calculate($"{a} * {b} % {c} - {d}"));
        });

    [Fact]
    public async Task The_tool_is_idempotent_and_takes_an_expression()
    {
        using var host = new ToolHost(services => services.AddAgentTools<CalculatorTool>());
        var tool = host.Tool("calculator");

        Assert.True(tool.Idempotent);
        Assert.Equal(
            """{"type":"object","properties":{"expression":{"description":"For example: (17 * 23 - 4.5) / 2","type":"string"}},"required":["expression"],"additionalProperties":false}""",
            tool.Declaration.JsonSchema.GetRawText());
        Assert.Equal("391", await host.CallAsync("calculator", """{"expression":"17*23"}"""));
    }
}
