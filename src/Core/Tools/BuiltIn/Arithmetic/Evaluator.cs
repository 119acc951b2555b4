using static Yggdrasil.Tools.BuiltIn.Arithmetic.Expression;

namespace Yggdrasil.Tools.BuiltIn.Arithmetic;

/// <summary>
/// Computes the value of a parsed expression. Bounded: each node is visited once, no step depends on a value.
/// </summary>
internal static class Evaluator
{
    // Below this, decimal has kept fewer digits than double; the reciprocal would blow up what is missing.
    private const decimal SmallestInvertible = 1e-12m;

    // Squaring up to here costs at most 20 multiplications; decimal overflows long before, except near 1.
    private const int LargestExactExponent = 1 << 20;

    /// <exception cref="ToolException">
    /// A division by zero, an unknown name, or a result that is no real number.
    /// </exception>
    public static Number Evaluate(Expression expression)
    {
        try
        {
            return expression switch
            {
                Literal literal => Number.Parse(literal.Text),
                Constant constant => Functions.Constant(constant),
                Call call => Functions.Call(call, [.. call.Arguments.Select(Evaluate)]),
                Negation negation => Evaluate(negation.Operand).Negate(),
                Percent percent => Hundredth(Evaluate(percent.Operand), percent.Times),
                Chain chain => chain.Links.Aggregate(Evaluate(chain.First), Apply),
                Tower tower => Raise(tower),
                _ => throw new InvalidOperationException($"Unknown expression {expression.GetType().Name}."),
            };
        }
        catch (OverflowException exception)
        {
            throw new ToolException(
                $"Error at position {expression.Position}: the result is too large, or not a real number.", exception);
        }
    }

    private static Number Hundredth(Number value, int times) => Enumerable.Repeat(Number.Of(100m), times)
        .Aggregate(value, (left, right) => Number.Combine(left, right, decimal.Divide, (x, y) => x / y));

    private static Number Apply(Number left, Link link)
    {
        var right = Evaluate(link.Operand);
        if (link.Operator is '/' or '%' && right.IsZero)
        {
            throw DividedByZero(link.Position);
        }

        return link.Operator switch
        {
            '+' => Number.Combine(left, right, decimal.Add, (x, y) => x + y),
            '-' => Number.Combine(left, right, decimal.Subtract, (x, y) => x - y),
            '*' => Number.Combine(left, right, decimal.Multiply, (x, y) => x * y),
            '/' => Number.Combine(left, right, decimal.Divide, (x, y) => x / y),
            '%' => Number.Combine(left, right, decimal.Remainder, (x, y) => x % y),
            _ => throw new InvalidOperationException($"Unknown operator {link.Operator}."),
        };
    }

    private static Number Raise(Tower tower)
    {
        var exponent = Signed(tower.Exponents[^1].IsNegative, Evaluate(tower.Exponents[^1].Operand));
        for (var index = tower.Exponents.Count - 2; index >= 0; index--)
        {
            var (isNegative, operand) = tower.Exponents[index];
            exponent = Signed(isNegative, Power(Evaluate(operand), exponent, operand.Position));
        }

        return Power(Evaluate(tower.Base), exponent, tower.Position);
    }

    private static Number Signed(bool isNegative, Number value) => isNegative ? value.Negate() : value;

    private static Number Power(Number basis, Number exponent, int position) => basis.IsZero && exponent.Approximate < 0
        ? throw DividedByZero(position)
        : Number.Combine(basis, exponent, Power, Math.Pow);

    /// <exception cref="OverflowException">
    /// The result does not fit, or the exponent is no integer of moderate size.
    /// </exception>
    private static decimal Power(decimal basis, decimal exponent)
    {
        if (exponent != decimal.Truncate(exponent) || Math.Abs(exponent) > LargestExactExponent)
        {
            throw new OverflowException();
        }

        var result = 1m;
        var square = basis;
        for (var rest = (int)Math.Abs(exponent); rest > 0; rest >>= 1)
        {
            result = (rest & 1) == 1 ? result * square : result;
            square = rest > 1 ? square * square : square;
        }

        return exponent >= 0 ? result
            : Math.Abs(result) >= SmallestInvertible ? 1 / result
            : throw new OverflowException();
    }

    private static ToolException DividedByZero(int position) => new($"Error at position {position}: division by zero.");
}
