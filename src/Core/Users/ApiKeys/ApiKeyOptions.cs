namespace Yggdrasil.Users.ApiKeys;

/// <summary>API keys. Section <c>ApiKeys</c>.</summary>
public sealed class ApiKeyOptions
{
    public const string Section = "ApiKeys";

    /// <summary>Keys that one user may have, those that have expired and are not removed yet included; 0 to 100. With 0 nobody makes any.</summary>
    public int MaxPerUser { get; set; } = 20;

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems() =>
        MaxPerUser is < 0 or > 100 ? [$"{Section}__{nameof(MaxPerUser)} must be between 0 and 100."] : Array.Empty<string>();
}
