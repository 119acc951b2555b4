namespace Yggdrasil.Storage;

/// <summary>Values of enumerations as rows hold them: by name.</summary>
internal static class StoredEnum
{
    /// <summary>The value of a name; null for one that only a newer version knows, or where there is none.</summary>
    public static T? Read<T>(string? stored)
        where T : struct, Enum =>
        Enum.TryParse<T>(stored, out var value) && value.ToString() == stored ? value : null;
}
