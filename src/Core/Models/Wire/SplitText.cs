namespace Yggdrasil.Models.Wire;

/// <summary>Text that comes in pieces, between which a surrogate pair may be split. Holds back half a character and no more.</summary>
internal sealed class SplitText
{
    private char? _half;

    public bool HasHalf => _half is not null;

    /// <summary>The piece with what the piece before it ended with; a half that stays alone is U+FFFD.</summary>
    public string Join(string piece)
    {
        if (piece.Length == 0)
        {
            return piece;
        }

        if (_half is { } half)
        {
            (piece, _half) = (half + piece, null);
        }

        if (char.IsHighSurrogate(piece[^1]))
        {
            (_half, piece) = (piece[^1], piece[..^1]);
        }

        return LenientText.Mend(piece);
    }

    /// <summary>What was held back, when nothing follows any more.</summary>
    public string End()
    {
        var rest = HasHalf ? "\uFFFD" : "";
        _half = null;
        return rest;
    }
}
