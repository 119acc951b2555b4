using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Approvals;

/// <summary>Tells people that a call waits: ids and names, never content, since a channel is read by many.</summary>
/// <param name="publicUrl">Where the console is; null where nobody said.</param>
internal sealed class ApprovalMessage(Run run, PendingApproval approval, string? publicUrl, DateTimeOffset now)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The page where the call is decided, after sign-in.</summary>
    private string? Link => publicUrl is { Length: > 0 } url ? $"{url.TrimEnd('/')}/console/#/runs/{run.Id}" : null;

    private string Until => approval.ExpiresAt.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>The body of the message, as a kind of channel takes it.</summary>
    public string For(NotificationType type) => type switch
    {
        NotificationType.Slack => JsonSerializer.Serialize(Slack(), Json),
        NotificationType.Teams => JsonSerializer.Serialize(Teams(), Json),
        _ => JsonSerializer.Serialize(Webhook(), Json),
    };

    private object Webhook() => new
    {
        Type = "approval.required",
        Timestamp = now,
        Data = new
        {
            RunId = run.Id,
            approval.CallId,
            approval.Tool,
            Agent = run.AgentId,
            UserId = run.Caller.Owner.User,
            approval.ExpiresAt,
            Url = Link,
        },
    };

    /// <remarks>https://api.slack.com/messaging/webhooks</remarks>
    private object Slack()
    {
        var text = $"*Approval needed.* Agent `{Escaped(run.AgentId)}` wants to call `{Escaped(approval.Tool)}` in run `{run.Id}`, until {Until}.";
        return new { Text = Link is { } link ? $"{text} <{link}|Decide in the console>" : text };
    }

    /// <remarks>https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using</remarks>
    private object Teams()
    {
        object[] body =
        [
            new { Type = "TextBlock", Text = "Approval needed", Weight = "Bolder", Size = "Medium" },
            new
            {
                Type = "FactSet",
                Facts = new[] { Fact("Agent", run.AgentId), Fact("Tool", approval.Tool), Fact("Run", run.Id), Fact("Until", Until) },
            },
        ];
        var content = new Dictionary<string, object>
        {
            ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
            ["type"] = "AdaptiveCard",
            ["version"] = "1.4",
            ["body"] = body,
        };
        if (Link is { } link)
        {
            content["actions"] = new[] { new { Type = "Action.OpenUrl", Title = "Decide in the console", Url = link } };
        }

        return new { Type = "message", Attachments = new[] { new { ContentType = "application/vnd.microsoft.card.adaptive", Content = content } } };
    }

    private static object Fact(string title, string value) => new { Title = title, Value = value };

    /// <summary>Without what Slack reads as markup.</summary>
    private static string Escaped(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("`", "'", StringComparison.Ordinal);
}
