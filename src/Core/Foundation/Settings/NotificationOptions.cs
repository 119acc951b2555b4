namespace Yggdrasil.Foundation.Settings;

/// <summary>Where people are told that a call waits for their approval. Section <c>Notifications</c>.</summary>
public sealed class NotificationOptions
{
    public const string Section = "Notifications";

    private const int MaxNameLength = 64;

    /// <summary>
    /// The address under which people reach this app, without a path, such as <c>https://agents.example.com</c>. Messages link to the console
    /// there. Empty: messages have no link.
    /// </summary>
    public string? PublicUrl { get; set; }

    /// <summary>
    /// The channels that agents may name as <c>notify</c>, by name (<c>Notifications__Channels__ops__Type</c>). A name is 1 to 64 letters,
    /// digits, <c>-</c> and <c>_</c>.
    /// </summary>
    public Dictionary<string, NotificationChannelOptions> Channels { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        if (PublicUrl is { Length: > 0 } address && !McpAgentOptions.IsOrigin(address))
        {
            yield return "Notifications__PublicUrl must be an address without a path, such as https://agents.example.com; plain http only for this machine.";
        }

        foreach (var (name, channel) in Channels)
        {
            if (name.Length > MaxNameLength || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            {
                yield return $"Notifications__Channels__{name} has a name that cannot be one: 1 to {MaxNameLength} letters, digits, '-' and '_'.";
            }

            foreach (var problem in channel.Problems())
            {
                yield return $"Notifications__Channels__{name}__{problem}";
            }
        }
    }
}
