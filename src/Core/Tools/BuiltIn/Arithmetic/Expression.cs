namespace Yggdrasil.Tools.BuiltIn.Arithmetic;

/// <summary>A parsed expression. Chains are lists and not nested pairs, so only parentheses make it deep.</summary>
/// <param name="Position">Where it starts, counted from 1, for error messages.</param>
internal abstract record Expression(int Position)
{
    /// <summary>A number as it was written, which decides how exactly it can be kept.</summary>
    internal sealed record Literal(int Position, string Text) : Expression(Position);

    internal sealed record Constant(int Position, string Name) : Expression(Position);

    internal sealed record Call(int Position, string Function, IReadOnlyList<Expression> Arguments)
        : Expression(Position);

    internal sealed record Negation(int Position, Expression Operand) : Expression(Position);

    /// <summary><c>15%</c> is 0.15, <c>15%%</c> is 0.0015.</summary>
    internal sealed record Percent(int Position, Expression Operand, int Times) : Expression(Position);

    /// <summary>Operators of one precedence, from left to right.</summary>
    internal sealed record Chain(Expression First, IReadOnlyList<Link> Links) : Expression(First.Position);

    /// <summary><c>2^3^2</c> is 2^(3^2), <c>2^-3^2</c> is 2^(-(3^2)).</summary>
    internal sealed record Tower(Expression Base, IReadOnlyList<Exponent> Exponents) : Expression(Base.Position);

    /// <summary>An exponent; the sign is that of the operand with all exponents above it.</summary>
    internal readonly record struct Exponent(bool IsNegative, Expression Operand);

    /// <summary>An operator, where it is, and what is to the right of it.</summary>
    internal readonly record struct Link(int Position, char Operator, Expression Operand);
}
