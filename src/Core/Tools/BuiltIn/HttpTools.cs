using System.ComponentModel;
using System.Text;
using System.Text.Json;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tools.BuiltIn;

/// <summary>Web requests of models, to hosts that the operator has listed.</summary>
public sealed class HttpTools(GuardedHttp http)
{
    /// <exception cref="ToolException">The URL is refused, or there is no answer.</exception>
    [AgentTool(Name = "http_get", Idempotent = true, TimeoutSeconds = 15)]
    [Description("Fetches a URL with GET and answers its status and text. Only hosts that the operator allows.")]
    public async Task<string> GetAsync(
        [Description("Absolute http or https URL")] string url,
        CancellationToken cancellationToken)
    {
        try
        {
            return HttpAnswer.Describe(
                await http.SendAsync(new GuardedRequest(HttpMethod.Get, url), cancellationToken));
        }
        catch (EgressException exception)
        {
            throw new ToolException(exception.Message, exception);
        }
    }

    /// <exception cref="ToolException">
    /// The URL is refused, or there is no answer; the message says if it may have arrived.
    /// </exception>
    [AgentTool(Name = "http_post", TimeoutSeconds = 15)]
    [Description("Sends text to a URL with POST and answers its status and text. Only hosts that the operator allows.")]
    public async Task<string> PostAsync(
        [Description("Absolute http or https URL")] string url,
        [Description("What to send; JSON is sent as application/json, anything else as text/plain")] string body,
        ToolContext context,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(context);

        var bytes = Encoding.UTF8.GetBytes(body);
        var request = new GuardedRequest(HttpMethod.Post, url)
        {
            Body = bytes,
            ContentType = IsJson(bytes) ? "application/json; charset=utf-8" : "text/plain; charset=utf-8",
            Headers = new Dictionary<string, string> { ["Idempotency-Key"] = context.IdempotencyKey },
        };
        try
        {
            return HttpAnswer.Describe(await http.SendAsync(request, cancellationToken));
        }
        catch (EgressException exception)
        {
            throw new ToolException(exception.Message + Outcome(exception.Refusal), exception);
        }
    }

    /// <summary>A model that thinks nothing happened tries again, and orders twice.</summary>
    private static string Outcome(EgressRefusal refusal) => refusal switch
    {
        EgressRefusal.TimedOut or EgressRefusal.Unreachable or EgressRefusal.RedirectRefused =>
            " It is not known whether the request took effect.",
        _ => string.Empty,
    };

    private static bool IsJson(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text);
            while (reader.Read())
            {
                // Read to the end: only a complete document is JSON.
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
