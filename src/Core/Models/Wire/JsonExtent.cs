namespace Yggdrasil.Models.Wire;

/// <summary>Follows a JSON value that comes in pieces, to know when it is complete. Looks at every byte once and keeps none.</summary>
internal struct JsonExtent
{
    private int _depth;
    private bool _inString;
    private bool _escaped;

    /// <summary>Whether an object or array began.</summary>
    public bool Began { get; private set; }

    /// <summary>Whether every object and array that began has ended.</summary>
    public readonly bool IsComplete => Began && _depth == 0;

    public void Add(ReadOnlySpan<byte> piece)
    {
        foreach (var next in piece)
        {
            Add((char)next);
        }
    }

    public void Add(ReadOnlySpan<char> piece)
    {
        foreach (var next in piece)
        {
            Add(next);
        }
    }

    private void Add(char next)
    {
        if (_inString)
        {
            (_inString, _escaped) = (_escaped || next != '"', !_escaped && next == '\\');
            return;
        }

        switch (next)
        {
            case '"':
                _inString = true;
                break;
            case '{' or '[':
                _depth++;
                Began = true;
                break;
            case '}' or ']':
                _depth--;
                break;
        }
    }
}
