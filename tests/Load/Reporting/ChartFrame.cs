using System.Globalization;
using System.Text;

namespace Yggdrasil.Load.Reporting;

/// <summary>The axes of a chart, drawn as SVG, and the places of values in it.</summary>
internal sealed class ChartFrame
{
    private const double Width = 960;
    private const double Height = 240;
    private const double Left = 56;
    private const double Right = 12;
    private const double Top = 24;
    private const double Bottom = 26;
    private const int Lines = 4;

    private readonly StringBuilder _svg = new();
    private readonly double _most;

    /// <param name="most">The largest value; the axis ends at a round number above it.</param>
    /// <param name="unit">Of the values.</param>
    public ChartFrame(double most, string unit)
    {
        _most = RoundUp(most);
        Add($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\">");
        for (var line = 0; line <= Lines; line++)
        {
            var value = _most * line / Lines;
            Add($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(value):0.#}\" y2=\"{Y(value):0.#}\"/>");
            Add($"<text x=\"{Left - 6}\" y=\"{Y(value) + 4:0.#}\" text-anchor=\"end\">{value:0.##}{(line == Lines ? $" {unit}" : "")}</text>");
        }
    }

    /// <param name="share">0 at the left, 1 at the right.</param>
    public static double X(double share) => Left + (share * (Width - Left - Right));

    public double Y(double value) => Height - Bottom - (value / _most * (Height - Top - Bottom));

    public void Tick(double share, string text) =>
        Add($"<text x=\"{X(share):0.#}\" y=\"{Height - 8}\" text-anchor=\"{(share < 0.01 ? "start" : share > 0.99 ? "end" : "middle")}\">{text}</text>");

    /// <param name="points">Share and value, from left to right.</param>
    public void Plot(string style, IEnumerable<(double Share, double Value)> points) =>
        Add($"<polyline class=\"plot {style}\" points=\"{string.Join(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.Share):0.#},{Y(point.Value):0.#}")))}\"/>");

    public void Key(int number, string style, string name)
    {
        var x = Left + (number * 110);
        Add($"<line class=\"plot {style}\" x1=\"{x}\" x2=\"{x + 18}\" y1=\"9\" y2=\"9\"/><text class=\"key\" x=\"{x + 24}\" y=\"13\">{name}</text>");
    }

    public override string ToString() => $"{_svg}</svg>";

    /// <summary>The next of 1, 2, 2.5, 5 and 10 times a power of ten.</summary>
    internal static double RoundUp(double value)
    {
        if (value <= 0)
        {
            return 1;
        }

        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return ((double[])[1, 2, 2.5, 5, 10]).Select(factor => factor * power).First(round => round >= value * (1 - 1e-9));
    }

    private void Add(FormattableString markup) => _svg.Append(markup.ToString(CultureInfo.InvariantCulture));
}
