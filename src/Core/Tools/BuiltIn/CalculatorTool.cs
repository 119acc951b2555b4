using System.ComponentModel;
using Yggdrasil.Tools.BuiltIn.Arithmetic;

namespace Yggdrasil.Tools.BuiltIn;

/// <summary>
/// Arithmetic for models, which are poor at it. A grammar and an evaluator of its own: nothing is executed.
/// </summary>
public sealed class CalculatorTool
{
    /// <exception cref="ToolException">
    /// It is no expression, or has no finite real value; the message says where.
    /// </exception>
    [AgentTool(Name = "calculator", Pure = true, TimeoutSeconds = 5)]
    [Description(
        "Computes an arithmetic expression exactly. Operators + - * / ^ (power) and % (remainder between two numbers, "
        + "percent after one: 15% is 0.15), parentheses, decimals, 1.5e3. Functions sqrt, abs, min, max, "
        + "round(x, digits), floor, ceil, log (base 10), ln, exp, sin, cos, tan (radians). Constants pi, e. No variables, no units.")]
    public static string Calculate(
        [Description("For example: (17 * 23 - 4.5) / 2")] string expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        return Evaluator.Evaluate(ExpressionParser.Parse(expression)).ToString();
    }
}
