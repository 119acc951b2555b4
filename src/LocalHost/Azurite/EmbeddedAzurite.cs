using System.Security.Cryptography;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Azurite;

/// <summary>The pinned npm package of a checkout's <c>tools/azurite</c>, as this assembly brings it.</summary>
internal static class EmbeddedAzurite
{
    private const string Prefix = "azurite/";

    /// <summary>Writes the files into a folder of the user's, one for each version of them; what is there already is left as it is.</summary>
    /// <param name="home">The folder beneath which to write; null for the user's own data.</param>
    /// <exception cref="LocalHostException">The folder cannot be written.</exception>
    public static string Extract(string? home = null)
    {
        var files = typeof(EmbeddedAzurite).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(name => (Path: name[Prefix.Length..], Content: Read(name))).ToList();
        home ??= Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create);
        var folder = Path.Combine(home, "yggdrasil", $"azurite-{VersionOf(files.SelectMany(file => file.Content))}");
        try
        {
            foreach (var (path, content) in files)
            {
                WriteOnce(Path.Combine(folder, path), content);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LocalHostException(
                $"{folder}, where Azurite is to be installed, cannot be written: {failure.Message} Set LocalHost__AzuritePath to another folder " +
                "with these files, or AzureWebJobsStorage to the connection string of another storage.", failure);
        }

        return folder;
    }

    private static string VersionOf(IEnumerable<byte> content) => Convert.ToHexStringLower(SHA256.HashData([.. content]))[..12];

    private static byte[] Read(string name)
    {
        using var stream = typeof(EmbeddedAzurite).Assembly.GetManifestResourceStream(name)!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>Under another name first: a host that starts at the same time must not find half a file.</summary>
    private static void WriteOnce(string path, byte[] content)
    {
        if (File.Exists(path))
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        File.WriteAllBytes(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }
}
