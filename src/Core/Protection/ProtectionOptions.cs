namespace Yggdrasil.Protection;

/// <summary>The master keys that protect stored content. Section <c>Protection</c>.</summary>
public sealed class ProtectionOptions
{
    public const string Section = "Protection";

    /// <summary>The key of local.settings.sample.json, which everybody knows: for development only.</summary>
    internal const string SampleKey = "ZGV2ZWxvcG1lbnQtb25seS1rZXktbm90LWEtc2VjcmU=";

    /// <summary>The key that encrypts: Base64 of 32 random bytes. Required, unless a vault is configured to hold it.</summary>
    public string? Key { get; set; }

    /// <summary>Keys that still decrypt what they once encrypted, each Base64 of 32 bytes.</summary>
    public IList<string> PreviousKeys { get; } = [];

    /// <summary>The problems of these settings, by full setting name; never a key's value.</summary>
    /// <param name="keyRequired">Whether <see cref="Key"/> has to be there: false where the vault may have it.</param>
    public IEnumerable<string> Problems(bool keyRequired = true)
    {
        const string Rule = "must be the Base64 of 32 random bytes (for example: openssl rand -base64 32)";
        if (!MasterKey.TryParse(Key, out _) && (keyRequired || !string.IsNullOrWhiteSpace(Key)))
        {
            yield return keyRequired && string.IsNullOrWhiteSpace(Key)
                ? $"Protection__Key is missing: it {Rule}, or KeyVault__Uri must name the vault that holds content-protection-key."
                : $"Protection__Key {Rule}.";
        }

        for (var i = 0; i < PreviousKeys.Count; i++)
        {
            if (!MasterKey.TryParse(PreviousKeys[i], out _))
            {
                yield return $"Protection__PreviousKeys__{i} {Rule}.";
            }
        }
    }
}
