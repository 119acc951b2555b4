using System.Text;

namespace Yggdrasil.Fixtures;

/// <summary>Secrets that a test hands to the product, and the search for them in every byte it leaves behind.</summary>
/// <remarks>
/// Each is looked for as UTF-8, as UTF-16 in either order, in hexadecimal, and in Base64 at each of the three alignments
/// it can have there.
/// </remarks>
public sealed class LeakSearch
{
    private readonly Dictionary<string, string> _canaries = new(StringComparer.Ordinal);

    /// <summary>A text that occurs nowhere by chance, to be put where <paramref name="place"/> says.</summary>
    public string Canary(string place)
    {
        var canary = $"canary{Guid.NewGuid():N}";
        _canaries.Add(place, canary);
        return canary;
    }

    /// <summary>The places whose canaries occur in <paramref name="bytes"/>, and in what form.</summary>
    public IEnumerable<string> Find(string where, ReadOnlyMemory<byte> bytes) =>
        from canary in _canaries
        from form in Forms(canary.Value)
        where bytes.Span.IndexOf(form.Bytes) >= 0
        select $"{where}: {canary.Key} ({form.Name})";

    /// <summary>The same for every file below a folder, whoever has it open.</summary>
    public IReadOnlyList<string> FindInFolder(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .SelectMany(file => Find(Path.GetRelativePath(folder, file), Read(file)))];

    private static byte[] Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var content = new MemoryStream();
        file.CopyTo(content);
        return content.ToArray();
    }

    private static IEnumerable<(string Name, byte[] Bytes)> Forms(string canary)
    {
        var utf8 = Encoding.UTF8.GetBytes(canary);
        yield return ("UTF-8", utf8);
        yield return ("UTF-16 LE", Encoding.Unicode.GetBytes(canary));
        yield return ("UTF-16 BE", Encoding.BigEndianUnicode.GetBytes(canary));
        yield return ("hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(utf8)));
        yield return ("hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexString(utf8)));
        for (var offset = 0; offset < 3; offset++)
        {
            // What stands before and after shares characters with its neighbours; the middle is the same in any text.
            var text = Convert.ToBase64String([.. new byte[offset], .. utf8]);
            yield return ("Base64", Encoding.ASCII.GetBytes(text[4..^4]));
        }
    }
}
