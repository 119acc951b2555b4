using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Operations.Health.Alerts;

/// <summary>Posts alerts to the operators' webhook, signed as Standard Webhooks 1.0.0 says where there is a secret.</summary>
/// <remarks>The address is the operator's own setting, not a caller's, so it does not pass the guard that tools' addresses pass.</remarks>
internal sealed partial class AlertWebhook : IDisposable
{
    private const int Attempts = 3;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout };
    private readonly AlertOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<AlertWebhook> _logger;

    public AlertWebhook(AlertOptions options, TimeProvider time, ILogger<AlertWebhook> logger) =>
        (_options, _time, _logger) = (options, time, logger);

    /// <summary>Posts it, three times at most.</summary>
    /// <returns>Whether nobody has to be told any more: it was taken, or there is no webhook.</returns>
    public async Task<bool> SendAsync(Alert alert, CancellationToken cancellationToken)
    {
        if (_options.WebhookUrl is not { Length: > 0 } url)
        {
            return true;
        }

        for (var attempt = 1; ; attempt++)
        {
            var outcome = await TrySendAsync(url, alert, cancellationToken);
            if (outcome is null)
            {
                return true;
            }

            if (attempt == Attempts)
            {
                LogNotSent(alert.Type, alert.Name, outcome);
                return false;
            }

            await Task.Delay(Pause * attempt, _time, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <returns>Null when it was taken, otherwise what happened.</returns>
    private async Task<string?> TrySendAsync(string url, Alert alert, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url);
        var body = Body(alert);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        request.Headers.Add("webhook-id", alert.Id);
        request.Headers.Add("webhook-timestamp", timestamp);
        if (_options.WebhookSecret is { Length: > 0 } secret)
        {
            var signature = HMACSHA256.HashData(AlertOptions.KeyOf(secret)!, Encoding.UTF8.GetBytes($"{alert.Id}.{timestamp}.{body}"));
            request.Headers.Add("webhook-signature", $"v1,{Convert.ToBase64String(signature)}");
        }

        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.StatusCode is >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices ? null : $"{(int)response.StatusCode}";
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return failure.GetType().Name;
        }
    }

    /// <summary><c>text</c> is what chat programs show; the rest is for programs.</summary>
    private static string Body(Alert alert) => JsonSerializer.Serialize(new
    {
        type = alert.Type,
        timestamp = alert.At,
        text = $"Yggdrasil {alert.Type}: {alert.Name} ({alert.Detail})",
        data = new { name = alert.Name, detail = alert.Detail },
    });

    [LoggerMessage(5021, LogLevel.Error, "{Type} of {Name} could not be posted: {Outcome}")]
    private partial void LogNotSent(string type, string name, string outcome);
}
