using System.Text;
using Microsoft.ML.Tokenizers;

namespace Yggdrasil.Models.Tokens;

/// <summary>How a model cuts text into tokens: exactly, where its encoding is public, otherwise about.</summary>
/// <remarks>
/// OpenAI's models, whoever serves them, have public encodings. For all others a token is taken for 3.5 bytes of UTF-8, which
/// is Anthropic's figure for English; others say 4, and an estimate that reserves a budget had better be a little high.
/// </remarks>
internal sealed class TokenEncoding
{
    /// <summary>
    /// The longest stretch encoded in one piece, in characters. Byte-pair encoding takes time quadratic in the length of a
    /// word, and text without spaces is one word: 256 KiB of the letter "a" take a minute whole, and 0.2 s in such pieces.
    /// </summary>
    public const int MaxPiece = 512;

    private const double BytesPerToken = 3.5;

    private static readonly TokenEncoding Approximate = new(null);
    private static readonly TokenEncoding O200k = new(new(() => TiktokenTokenizer.CreateForEncoding("o200k_base")));
    private static readonly TokenEncoding Cl100k = new(new(() => TiktokenTokenizer.CreateForEncoding("cl100k_base")));

    // By how a model's name begins; the first that fits. gpt-oss adds control tokens to o200k, which text does not hold.
    private static readonly (string Prefix, TokenEncoding Encoding)[] Known =
    [
        ("gpt-5", O200k), ("gpt-4.1", O200k), ("gpt-4.5", O200k), ("gpt-4o", O200k), ("chatgpt-4o", O200k), ("gpt-oss", O200k),
        ("o1", O200k), ("o3", O200k), ("o4", O200k), ("gpt-4", Cl100k), ("gpt-3.5", Cl100k), ("gpt-35", Cl100k),
    ];

    // Reading an encoding takes 0.1 to 0.3 s and 20 MB, so that is done once, and only for one that is used.
    private readonly Lazy<TiktokenTokenizer>? _tokenizer;

    private TokenEncoding(Lazy<TiktokenTokenizer>? tokenizer) => _tokenizer = tokenizer;

    public bool IsExact => _tokenizer is not null;

    /// <summary>The encoding of a model by its name, which resellers write behind the vendor's: <c>openai/gpt-4.1</c>.</summary>
    public static TokenEncoding Of(ModelId model)
    {
        var name = model.Model.AsSpan(model.Model.LastIndexOf('/') + 1);
        foreach (var (prefix, encoding) in Known)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return encoding;
            }
        }

        return Approximate;
    }

    /// <summary>The tokens of a text of at most <see cref="MaxPiece"/> characters. Safe to call from several threads.</summary>
    public double Count(ReadOnlySpan<char> piece) =>
        _tokenizer is { } tokenizer ? tokenizer.Value.CountTokens(piece) : Encoding.UTF8.GetByteCount(piece) / BytesPerToken;
}
