using System.Globalization;
using System.Text;

namespace Yggdrasil.Tools.Mcp.Pinning;

/// <summary>Text without what people do not see: control and format characters, tags, private use.</summary>
/// <remarks>A model reads them all the same, so an instruction could hide in a description that an operator has approved.</remarks>
internal static class VisibleText
{
    public static string Of(string text) => IsVisible(text) ? text : string.Concat(text.EnumerateRunes().Where(IsVisible));

    public static bool IsVisible(string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            if (!IsVisible(rune))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsVisible(Rune rune) => rune.Value is '\n' or '\r' or '\t'
        || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
