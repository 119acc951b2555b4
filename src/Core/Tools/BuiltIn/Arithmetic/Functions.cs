using System.Collections.Frozen;
using static Yggdrasil.Tools.BuiltIn.Arithmetic.Expression;

namespace Yggdrasil.Tools.BuiltIn.Arithmetic;

/// <summary>
/// The names an expression may use. Angles are in radians; <c>log</c> is to base 10, <c>ln</c> to base e.
/// </summary>
internal static class Functions
{
    private static readonly FrozenDictionary<string, Number> Constants = new Dictionary<string, Number>
    {
        ["pi"] = Number.Of(3.1415926535897932384626433833m),
        ["e"] = Number.Of(2.7182818284590452353602874714m),
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, Function> All = new Dictionary<string, Function>
    {
        ["sqrt"] = new(1, 1, values => SquareRoot(values[0])),
        ["abs"] = new(1, 1, values => values[0].Approximate < 0 ? values[0].Negate() : values[0]),
        ["min"] = new(1, int.MaxValue, values => values.Aggregate((left, right) => IsLess(right, left) ? right : left)),
        ["max"] = new(1, int.MaxValue, values => values.Aggregate((left, right) => IsLess(left, right) ? right : left)),
        ["round"] = new(1, 2, Round),
        ["floor"] = new(1, 1, values => Whole(values[0], decimal.Floor, Math.Floor)),
        ["ceil"] = new(1, 1, values => Whole(values[0], decimal.Ceiling, Math.Ceiling)),
        ["log"] = new(1, 1, values => Number.Of(Math.Log10(Positive(values[0])))),
        ["ln"] = new(1, 1, values => Number.Of(Math.Log(Positive(values[0])))),
        ["exp"] = new(1, 1, values => Number.Of(Math.Exp(values[0].Approximate))),
        ["sin"] = new(1, 1, values => Number.Of(Math.Sin(values[0].Approximate))),
        ["cos"] = new(1, 1, values => Number.Of(Math.Cos(values[0].Approximate))),
        ["tan"] = new(1, 1, values => Number.Of(Math.Tan(values[0].Approximate))),
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static string Names => string.Join(", ", All.Keys.Order(StringComparer.Ordinal));

    /// <exception cref="ToolException">There is no such constant.</exception>
    public static Number Constant(Constant constant) => Constants.TryGetValue(constant.Name, out var value)
        ? value
        : throw Unknown(constant.Position, constant.Name);

    /// <exception cref="ToolException">There is no such function, or it takes other arguments.</exception>
    /// <exception cref="OverflowException">The result is no finite real number.</exception>
    public static Number Call(Call call, IReadOnlyList<Number> arguments)
    {
        if (!All.TryGetValue(call.Function, out var function))
        {
            throw Unknown(call.Position, call.Function);
        }

        if (arguments.Count < function.Fewest || arguments.Count > function.Most)
        {
            throw new ToolException(
                $"Error at position {call.Position}: {call.Function} does not take {arguments.Count} arguments.");
        }

        try
        {
            return function.Compute(arguments);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            throw new ToolException(
                $"Error at position {call.Position}: {call.Function} is not defined for this value.", exception);
        }
    }

    private static ToolException Unknown(int position, string name)
    {
        var shown = name.Length <= 20 ? name : name[..20] + "…";
        return new($"Error at position {position}: '{shown}' is not known. Constants: e, pi. Functions: {Names}.");
    }

    private static Number SquareRoot(Number value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value.Approximate);
        var root = Math.Sqrt(value.Approximate);
        if (value.IsExact)
        {
            // Of a square of a decimal, such as 0.09, the root is exact too. The conversion rounds to 15 digits.
            var exact = (decimal)root;
            return exact * exact == value.Exact ? Number.Of(exact) : Number.Of(root);
        }

        return Number.Of(root);
    }

    /// <summary>Half away from zero, as people round; to at most 28 places.</summary>
    private static Number Round(IReadOnlyList<Number> values)
    {
        var digits = values.Count == 2 ? values[1].Approximate : 0;
        ArgumentOutOfRangeException.ThrowIfNotEqual(digits, Math.Truncate(digits));
        ArgumentOutOfRangeException.ThrowIfLessThan(digits, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(digits, 28);
        return values[0].IsExact
            ? Number.Of(decimal.Round(values[0].Exact, (int)digits, MidpointRounding.AwayFromZero))
            : Number.Of(Math.Round(values[0].Approximate, Math.Min((int)digits, 15), MidpointRounding.AwayFromZero));
    }

    private static Number Whole(Number value, Func<decimal, decimal> exactly, Func<double, double> approximately) =>
        value.IsExact ? Number.Of(exactly(value.Exact)) : Number.Of(approximately(value.Approximate));

    private static double Positive(Number value)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value.Approximate);
        return value.Approximate;
    }

    private static bool IsLess(Number left, Number right) => left.IsExact && right.IsExact
        ? left.Exact < right.Exact
        : left.Approximate < right.Approximate;

    private sealed record Function(int Fewest, int Most, Func<IReadOnlyList<Number>, Number> Compute);
}
