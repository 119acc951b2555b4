using System.Text;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;

namespace Yggdrasil.Agents.Files;

/// <summary>A folder of the app whose files are part of its configuration.</summary>
internal sealed class AppFolder : IDisposable
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly IFileProvider _files;

    /// <param name="path">Relative to the app's own folder, or full. A folder that is not there is empty.</param>
    public AppFolder(string path)
    {
        var full = PathOf(path);
        Name = Path.GetFileName(Path.TrimEndingDirectorySeparator(full));
        _files = Directory.Exists(full) ? new PhysicalFileProvider(full) : new NullFileProvider();
    }

    /// <summary>How messages name it.</summary>
    public string Name { get; }

    public static string PathOf(string path) => Path.GetFullPath(path, AppContext.BaseDirectory);

    /// <summary>What lies in a folder of it, in order of names. What is hidden is left out.</summary>
    public IEnumerable<IFileInfo> List(string folder = "") =>
        _files.GetDirectoryContents(folder).OrderBy(file => file.Name, StringComparer.Ordinal);

    /// <summary>Signals the next change of anything in it.</summary>
    public IChangeToken Watch() => _files.Watch("**/*");

    /// <summary>The text of a file, or why it cannot be had.</summary>
    public static (string? Text, string? Problem) Read(IFileInfo file, int maxBytes)
    {
        try
        {
            using var stream = file.CreateReadStream();
            var bytes = new byte[maxBytes + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length > maxBytes ? (null, $"A file has at most {maxBytes / 1024} KiB.") : (Utf8.GetString(bytes, 0, length), null);
        }
        catch (DecoderFallbackException)
        {
            return (null, "The file is not text in UTF-8.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return (null, "The file cannot be read.");
        }
    }

    public void Dispose() => (_files as IDisposable)?.Dispose();
}
