namespace Yggdrasil.Foundation.Settings;

/// <summary>A channel: a place where people read messages. Section <c>Notifications:Channels</c>.</summary>
public sealed class NotificationChannelOptions
{
    public const string Section = "Notifications:Channels:<channel>";

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
