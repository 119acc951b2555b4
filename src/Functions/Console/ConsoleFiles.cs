using System.Collections.Frozen;
using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;

namespace Yggdrasil.Functions.Console;

/// <summary>A file of the console, as it is and compressed.</summary>
/// <param name="Tag">The entity tag of the content as it is, without quotes.</param>
internal sealed record ConsoleFile(string MediaType, byte[] Content, byte[] Compressed, string Tag);

/// <summary>The files under <c>wwwroot</c>, embedded in the assembly. Each is read and compressed at its first use and kept.</summary>
internal static class ConsoleFiles
{
    public const string Page = "index.html";

    private const string Prefix = "console/";

    private static readonly FrozenDictionary<string, string> MediaTypes = new Dictionary<string, string>
    {
        [".html"] = "text/html; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".svg"] = "image/svg+xml",
        [".json"] = "application/json",
        [".txt"] = "text/plain; charset=utf-8",
    }.ToFrozenDictionary();

    // The folder's separator is that of the machine the build ran on.
    private static readonly FrozenDictionary<string, Lazy<ConsoleFile>> Files = Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .ToFrozenDictionary(name => name[Prefix.Length..].Replace('\\', '/'), name => new Lazy<ConsoleFile>(() => Read(name)));

    private static Assembly Assembly => typeof(ConsoleFiles).Assembly;

    /// <param name="path">Below the console's folder, with slashes; empty for the page.</param>
    /// <returns>The file; null when there is none.</returns>
    public static ConsoleFile? Find(string path) => Files.GetValueOrDefault(path.Length == 0 ? Page : path)?.Value;

    private static ConsoleFile Read(string name)
    {
        using var stream = Assembly.GetManifestResourceStream(name)!;
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        using var compressed = new MemoryStream();
        using (var brotli = new BrotliStream(compressed, CompressionLevel.Optimal, leaveOpen: true))
        {
            brotli.Write(content);
        }

        return new ConsoleFile(
            MediaTypes[Path.GetExtension(name)], content, compressed.ToArray(), Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16)));
    }
}
