using System.Buffers;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>Values behind labels: <c>label=value</c>, <c>label: value</c>, <c>"label": "value"</c>, also escaped in a JSON string.</summary>
internal static class LabelledValue
{
    // Quote, escape, space, sign, space, escape, quote: no label is further from its value.
    private const int MaxDistance = 10;

    private static readonly SearchValues<char> Between = SearchValues.Create(" \t\"'`\\:=");

    /// <summary>Where the value of a label begins.</summary>
    /// <param name="label">Where the label ends.</param>
    /// <returns>Negative when nothing says that there is a value.</returns>
    public static int Start(ref TextScan scan, int label)
    {
        var start = scan.EndOfRun(label, Between);
        return start - label <= MaxDistance && scan.Slice(label, start).ContainsAny(':', '=') ? start : -1;
    }
}
