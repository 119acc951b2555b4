using System.Globalization;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Runs.Conversations;

/// <summary>Where a page of a conversation's messages begins.</summary>
/// <param name="Sequence">The exchange.</param>
/// <param name="Index">The message within it.</param>
internal readonly record struct MessageCursor(long Sequence, int Index)
{
    /// <exception cref="InvalidRequestException">It is not a cursor of this list.</exception>
    public static MessageCursor Parse(string? after)
    {
        if (after is null)
        {
            return default;
        }

        var parts = after.Split('.');
        return parts.Length == 2
            && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            ? new MessageCursor(sequence, index)
            : throw InvalidRequestException.NotACursor();
    }

    public override string ToString() => FormattableString.Invariant($"{Sequence}.{Index}");
}
