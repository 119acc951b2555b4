using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>The ids of tool calls as providers see them: nine letters and digits, which fits every provider's rule.</summary>
/// <remarks>
/// An id follows from our own by a hash, so it stays the same from turn to turn and on every instance. Within one prompt no two
/// calls share an id, whatever the ids are that they were recorded with.
/// </remarks>
internal sealed class WireCallIds
{
    private const int Length = 9;
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private readonly Dictionary<string, string> _latest = new(StringComparer.Ordinal);
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>The id of the next call of the prompt.</summary>
    public string OfCall(string recorded)
    {
        var id = Hash(recorded);
        for (var again = 1; !_used.Add(id); again++)
        {
            id = Hash(string.Create(CultureInfo.InvariantCulture, $"{recorded}\n{again}"));
        }

        return _latest[recorded] = id;
    }

    /// <summary>The id of the call that a result belongs to: the last one before it that was recorded with its id.</summary>
    public string OfResult(string recorded) => _latest.GetValueOrDefault(recorded) ?? OfCall(recorded);

    private static string Hash(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        var number = BinaryPrimitives.ReadUInt64BigEndian(hash);
        return string.Create(Length, number, static (id, rest) =>
        {
            for (var index = 0; index < id.Length; index++)
            {
                (rest, var digit) = Math.DivRem(rest, (ulong)Alphabet.Length);
                id[index] = Alphabet[(int)digit];
            }
        });
    }
}
