using System.Text.Json;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Settings;

/// <summary>The <c>Values</c> of local.settings.json, the file that Core Tools turns into environment variables.</summary>
internal static class LocalSettingsFile
{
    public const string Name = "local.settings.json";

    private static readonly JsonDocumentOptions Options =
        new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Reads the values, <c>Section__Key</c> as <c>Section:Key</c>; none where there is no file.</summary>
    /// <param name="path">The file; null for none.</param>
    /// <param name="otherwise">What a file that is missing would say; null for nothing.</param>
    /// <param name="replaced">
    /// Sections that other settings give: lists merge by index, so the file's items would shine through theirs.
    /// </param>
    /// <exception cref="LocalHostException">The file is not valid, or encrypted by Core Tools.</exception>
    public static IReadOnlyDictionary<string, string?> Read(
        string? path, IReadOnlyCollection<string>? replaced = null, string? otherwise = null)
    {
        var text = File.Exists(path) ? File.ReadAllText(path) : otherwise;
        if (text is null)
        {
            return new Dictionary<string, string?>();
        }

        try
        {
            using var document = JsonDocument.Parse(text, Options);
            var root = document.RootElement;
            if (root.TryGetProperty("IsEncrypted", out var encrypted) && encrypted.ValueKind == JsonValueKind.True)
            {
                throw new LocalHostException($"{path} is encrypted; run \"func settings decrypt\" first.");
            }

            return root.TryGetProperty("Values", out var values)
                ? values.EnumerateObject()
                    .Select(value => (Name: value.Name.Replace("__", ":", StringComparison.Ordinal), Text: TextOf(value)))
                    .Where(value => replaced?.Contains(value.Name.Split(':')[0], StringComparer.OrdinalIgnoreCase) != true)
                    .ToDictionary(value => value.Name, value => value.Text, StringComparer.OrdinalIgnoreCase)
                : new Dictionary<string, string?>();
        }
        catch (Exception invalid) when (invalid is JsonException or InvalidOperationException)
        {
            throw new LocalHostException($"{path} is not valid: {invalid.Message}", invalid);
        }
    }

    private static string? TextOf(JsonProperty value) => value.Value.ValueKind switch
    {
        JsonValueKind.String => value.Value.GetString(),
        JsonValueKind.Null => null,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.Value.GetRawText(),
        _ => throw new InvalidOperationException($"the value of {value.Name} is not a string."),
    };
}
