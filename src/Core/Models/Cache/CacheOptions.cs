namespace Yggdrasil.Models.Cache;

/// <summary>The response cache's own bounds; whether and how long answers are kept is each agent's choice. Section <c>Cache</c>.</summary>
public sealed class CacheOptions
{
    public const string Section = "Cache";

    /// <summary>Megabytes of answers kept in memory, beside those in storage; 1 to 16,384. Default 64.</summary>
    public int MemoryMegabytes { get; set; } = 64;

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        if (MemoryMegabytes is < 1 or > 16_384)
        {
            yield return "Cache__MemoryMegabytes must be between 1 and 16384.";
        }
    }
}
