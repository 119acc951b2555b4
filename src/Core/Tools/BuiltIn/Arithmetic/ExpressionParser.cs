using Parlot;
using Parlot.Fluent;

namespace Yggdrasil.Tools.BuiltIn.Arithmetic;

/// <summary>The calculator's grammar.</summary>
/// <remarks>
/// <code>
/// sum      = product (("+" | "-") product)*
/// product  = signed (("*" | "/" | remainder) signed)*
/// signed   = ("-" | "+")* power
/// power    = percent ("^" ("-" | "+")* percent)*          from right to left; binds closer than a sign: -2^2 = -4
/// percent  = primary ("%" not followed by an operand)*
/// primary  = number | name "(" sum ("," sum)* ")" | name | "(" sum ")"
/// </code>
/// A <c>%</c> is the remainder when an operand follows it (a digit, point, letter or opening parenthesis) and a percent
/// sign otherwise: <c>10 % 3</c> is 1, <c>15% * 200</c> is 30, and <c>10 % -3</c> is 10 percent, less 3.
/// </remarks>
internal static class ExpressionParser
{
    public const int MaxLength = 1000;

    public const int MaxDepth = 64;

    private const string OperandExpected = "a number, a name or '(' is expected";

    private static readonly Parser<Expression> Grammar = Build();

    /// <exception cref="ToolException">The text is too long, nested too deeply, or not an expression.</exception>
    public static Expression Parse(string text)
    {
        // The parser recurses once per parenthesis and for nothing else, so this bounds its stack.
        CheckBounds(text);
        var context = new ParseContext(new Scanner(text));
        var result = default(ParseResult<Expression>);
        try
        {
            if (!Grammar.Parse(context, ref result))
            {
                throw Error(OperandExpected, context.Scanner.Cursor.Offset, text);
            }
        }
        catch (ParseException exception)
        {
            throw Error(exception.Message, exception.Position.Offset, text);
        }

        context.SkipWhiteSpace();
        return context.Scanner.Cursor.Eof
            ? result.Value
            : throw Error("an operator is expected", context.Scanner.Cursor.Offset, text);
    }

    private static void CheckBounds(string text)
    {
        if (text.Length > MaxLength)
        {
            throw new ToolException($"The expression has {text.Length} characters; at most {MaxLength} are allowed.");
        }

        var depth = 0;
        foreach (var character in text)
        {
            depth += character switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth > MaxDepth)
            {
                throw new ToolException($"The expression has more than {MaxDepth} nested parentheses.");
            }
        }
    }

    private static ToolException Error(string expectation, int offset, string text)
    {
        // Parsers stop before white space; the position named is that of what cannot be read.
        while (offset < text.Length && char.IsWhiteSpace(text[offset]))
        {
            offset++;
        }

        var found = offset >= text.Length ? "the end"
            : char.IsControl(text[offset]) ? "a control character"
            : $"'{text[offset]}'";
        return new ToolException($"Error at position {offset + 1}: {expectation}, but there is {found}.");
    }

    private static Parser<Expression> Build()
    {
        var sum = Deferred<Expression>();
        var primary = Primary(sum);

        var percent = primary.And(ZeroOrMany(PercentSign)).Then(Percent);
        var sign = Terms.Char('-').Or(Terms.Char('+'));
        var exponent = Terms.Char('^').SkipAnd(ZeroOrMany(sign)).And(percent.ElseError(OperandExpected))
            .Then(parsed => new Expression.Exponent(IsNegative(parsed.Item1), parsed.Item2));
        var power = percent.And(ZeroOrMany(exponent)).Then(
            parsed => parsed.Item2.Count == 0 ? parsed.Item1 : new Expression.Tower(parsed.Item1, parsed.Item2));
        var signed = ZeroOrMany(sign).And(power).Then(
            parsed => IsNegative(parsed.Item1)
                ? new Expression.Negation(parsed.Item2.Position, parsed.Item2)
                : parsed.Item2);

        var product = Chain(signed, Terms.Char('*').Or(Terms.Char('/')).Or(RemainderSign));
        sum.Parser = Chain(product, Terms.Char('+').Or(Terms.Char('-')));
        return sum;
    }

    private static Parser<Expression> Primary(Parser<Expression> sum)
    {
        var open = Terms.Char('(');
        var close = Terms.Char(')').ElseError("')' is expected");
        var inner = sum.ElseError(OperandExpected);

        var number = SkipWhiteSpace(Capture(
                Literals.Number<double>(NumberOptions.AllowDecimalSeparator | NumberOptions.AllowExponent)))
            .Then<Expression>((_, start, _, text) => new Expression.Literal(start + 1, text.ToString()));
        var arguments = open.SkipAnd(Separated(Terms.Char(','), inner)).AndSkip(close);
        var named = Terms.Identifier().Then((_, start, _, name) => (Position: start + 1, Name: name.ToString()))
            .And(arguments.Optional())
            .Then<Expression>(parsed => parsed.Item2.HasValue
                ? new Expression.Call(parsed.Item1.Position, parsed.Item1.Name, parsed.Item2.Value!)
                : new Expression.Constant(parsed.Item1.Position, parsed.Item1.Name));
        return number.Or(named).Or(open.SkipAnd(inner).AndSkip(close));
    }

    private static Parser<char> PercentSign => Terms.Char('%').WhenNotFollowedBy(SkipWhiteSpace(OperandStart));

    private static Parser<char> RemainderSign => Terms.Char('%').WhenFollowedBy(SkipWhiteSpace(OperandStart));

    private static Parser<TextSpan> OperandStart =>
        Literals.Pattern(character => char.IsLetterOrDigit(character) || character is '.' or '(' or '_', maxSize: 1);

    private static Expression Percent((Expression Operand, IReadOnlyList<char> Signs) parsed) => parsed.Signs.Count == 0
        ? parsed.Operand
        : new Expression.Percent(parsed.Operand.Position, parsed.Operand, parsed.Signs.Count);

    private static bool IsNegative(IReadOnlyList<char> signs) => signs.Count(sign => sign == '-') % 2 == 1;

    private static Parser<Expression> Chain(Parser<Expression> operand, Parser<char> operators)
    {
        var link = operators.Then((_, start, _, sign) => (Position: start + 1, Sign: sign))
            .And(operand.ElseError(OperandExpected))
            .Then(parsed => new Expression.Link(parsed.Item1.Position, parsed.Item1.Sign, parsed.Item2));
        return operand.And(ZeroOrMany(link)).Then(
            parsed => parsed.Item2.Count == 0 ? parsed.Item1 : new Expression.Chain(parsed.Item1, parsed.Item2));
    }
}
