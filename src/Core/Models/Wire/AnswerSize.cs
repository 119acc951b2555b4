using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Wire;

/// <summary>Counts what of an answer will be kept, against the most that a provider's answers may have.</summary>
/// <param name="kilobytes">The bound, <see cref="ProviderOptions.MaxAnswerKilobytes"/>.</param>
internal sealed class AnswerSize(string provider, int kilobytes)
{
    // What a chunk of a stream has around its text, and a whole answer around its own.
    private const int Framing = 64 * 1024;

    private long _bytes;

    /// <exception cref="ProviderException"><c>answer_too_long</c></exception>
    public void Add(int bytes)
    {
        _bytes += bytes;
        if (_bytes > kilobytes * 1024L)
        {
            throw ProviderFailures.AnswerTooLong(provider, kilobytes);
        }
    }

    /// <summary>Checks what has come of one line, or of a JSON text, that is not complete yet.</summary>
    public void Check(int incomplete)
    {
        if (incomplete > (kilobytes * 1024L) + Framing)
        {
            throw ProviderFailures.AnswerTooLong(provider, kilobytes);
        }
    }
}
