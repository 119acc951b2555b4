using System.Text.Json;

namespace Yggdrasil.Runs.Driving;

/// <summary>A message of the queue <see cref="RunBackups.Queue"/>: the run that needs a driver. Ids, never content.</summary>
/// <param name="Since">When its start began.</param>
public sealed record RunBackup(string Partition, string RunId, DateTimeOffset Since)
{
    /// <summary>More than the longest ids take.</summary>
    private const int MaxBytes = 8 * 1024;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>What a message says; null for one that is none of ours.</summary>
    public static RunBackup? TryParse(BinaryData body)
    {
        if (body.ToMemory().Length > MaxBytes)
        {
            return null;
        }

        try
        {
            return body.ToObjectFromJson<RunBackup>(Json) is { Partition.Length: > 0, RunId.Length: > 0 } backup ? backup : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    internal BinaryData ToBody() => BinaryData.FromObjectAsJson(this, Json);
}
