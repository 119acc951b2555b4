namespace Yggdrasil.Redaction;

/// <summary>
/// Puts originals back into text that arrives in pieces. A placeholder may be cut anywhere, so an ending that may be the
/// beginning of one is held back, at most 22 characters, until the next piece decides.
/// </summary>
internal sealed class PlaceholderRestorer(PlaceholderMap placeholders, bool asJson = false)
{
    private string _held = "";

    /// <returns>What can be passed on already; may be empty.</returns>
    public string Push(string chunk)
    {
        var text = _held + chunk;
        var opening = text.LastIndexOf('[');
        var safe = opening >= 0 && Placeholder.IsBeginning(text.AsSpan(opening)) ? opening : text.Length;
        _held = text[safe..];
        return placeholders.Restore(text[..safe], asJson);
    }

    /// <summary>The rest, when no more comes.</summary>
    public string Flush()
    {
        var rest = _held;
        _held = "";
        return rest;
    }
}
