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
    public Dictionary<string, NotificationChannel> Channels { get; } = new(StringComparer.OrdinalIgnoreCase);

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

/// <summary>A place where people read messages.</summary>
public sealed class NotificationChannel
{
    /// <summary>
    /// What takes the messages: <c>Slack</c> (an incoming webhook), <c>Teams</c> (a workflow of Microsoft Teams that takes adaptive cards), or
    /// <c>Webhook</c> (signed as Standard Webhooks 1.0.0 says).
    /// </summary>
    public NotificationType Type { get; set; } = NotificationType.Webhook;

    /// <summary>
    /// Where messages are posted: https. Whoever knows the address of a Slack or Teams webhook can post there, so it is a secret: in Azure write
    /// a Key Vault reference, <c>@Microsoft.KeyVault(SecretUri=…)</c>.
    /// </summary>
    public string? Url { get; set; }

    /// <summary>What messages to a <c>Webhook</c> are signed with: <c>whsec_</c> and Base64 of 24 to 64 bytes. Required there, unused elsewhere.</summary>
    public string? Secret { get; set; }

    /// <summary>The problems, by the name of the setting below the channel's.</summary>
    internal IEnumerable<string> Problems()
    {
        if (!Enum.IsDefined(Type))
        {
            yield return "Type must be Slack, Teams or Webhook.";
        }

        if (!(Uri.TryCreate(Url, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
            && uri.UserInfo.Length == 0))
        {
            yield return "Url must be an https address; plain http only for this machine. (Its value is not shown.)";
        }
    }
}

/// <summary>What takes the messages of a channel.</summary>
public enum NotificationType
{
    /// <summary>Anything that takes Standard Webhooks.</summary>
    Webhook,

    /// <summary>An incoming webhook of Slack.</summary>
    Slack,

    /// <summary>A workflow of Microsoft Teams ("when a webhook request is received").</summary>
    Teams,
}
