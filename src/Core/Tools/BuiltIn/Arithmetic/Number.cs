using System.Globalization;

namespace Yggdrasil.Tools.BuiltIn.Arithmetic;

/// <summary>A value: decimal while decimal holds it, so that 0.1 + 0.2 is 0.3; double beyond that.</summary>
internal readonly struct Number
{
    // Decimal has 28 places after the point and no exponent: a product smaller than this has lost more digits than
    // double ever does (10^-15 squared would be 0).
    private const decimal SmallestExact = 1e-12m;

    // Digits kept of a fraction. The last two of decimal's 28 are spent on making (1 / 3) * 3 come out as 1.
    private const int FractionDigits = 26;

    private readonly decimal _exact;
    private readonly double _approximate;

    private Number(decimal exact) => (_exact, _approximate, IsExact) = (exact, (double)exact, true);

    private Number(double approximate) => (_exact, _approximate) = (default, approximate);

    public bool IsExact { get; }

    public decimal Exact => IsExact ? _exact : throw new InvalidOperationException("The number is not exact.");

    public double Approximate => _approximate;

    public bool IsZero => IsExact ? _exact == 0 : _approximate == 0;

    public static Number Of(decimal value) => new(value);

    /// <exception cref="OverflowException">The value is infinite or not a number.</exception>
    public static Number Of(double value) => double.IsFinite(value) ? new(value) : throw new OverflowException();

    /// <exception cref="OverflowException">The number is too large.</exception>
    public static Number Parse(string text)
    {
        var approximate = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact)
            ? Closest(exact, approximate)
            : Of(approximate);
    }

    /// <summary>Computes in decimal if both are exact and the result fits, in double otherwise.</summary>
    public static Number Combine(
        Number left, Number right, Func<decimal, decimal, decimal> exactly, Func<double, double, double> approximately)
    {
        var approximate = approximately(left.Approximate, right.Approximate);
        if (left.IsExact && right.IsExact)
        {
            try
            {
                return Closest(exactly(left.Exact, right.Exact), approximate);
            }
            catch (OverflowException)
            {
                return Of(approximate);
            }
        }

        return Of(approximate);
    }

    public Number Negate() => IsExact ? new(-_exact) : new(-_approximate);

    /// <summary>Invariant, without exponent where decimal holds it, without trailing zeros.</summary>
    public override string ToString()
    {
        if (!IsExact)
        {
            // 15 digits are what double has for certain; the 16th and 17th are noise of its functions.
            return _approximate == 0 ? "0" : _approximate.ToString("G15", CultureInfo.InvariantCulture);
        }

        var wholeDigits = decimal.Truncate(Math.Abs(_exact)).ToString(CultureInfo.InvariantCulture).Length;
        var rounded = Math.Round(_exact, Math.Clamp(FractionDigits - wholeDigits, 0, 28));
        return rounded == 0 ? "0" : rounded.ToString("0.############################", CultureInfo.InvariantCulture);
    }

    private static Number Closest(decimal exact, double approximate) =>
        approximate == 0 || Math.Abs(exact) >= SmallestExact || !double.IsFinite(approximate)
            ? new(exact)
            : new(approximate);
}
