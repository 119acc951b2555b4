using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Fixtures;
using Yggdrasil.Operations.Health.Alerts;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Health.Alerts;

public sealed class AlertWebhookTests : IAsyncLifetime
{
    private const string Secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5";

    private static readonly Alert Alert = new("alert-1", "alert.raised", "storage", new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), "It does not answer.");

    private readonly ConcurrentQueue<(IHeaderDictionary Headers, string Body)> _received = new();
    private readonly RecordedLog<AlertWebhook> _log = new();
    private LoopbackServer _server = null!;
    private int _failures;

    public async Task InitializeAsync() => _server = await LoopbackServer.StartAsync(async (http, cancellationToken) =>
    {
        using var reader = new StreamReader(http.Request.Body);
        _received.Enqueue((new HeaderDictionary(http.Request.Headers.ToDictionary()), await reader.ReadToEndAsync(cancellationToken)));
        http.Response.StatusCode = Interlocked.Decrement(ref _failures) >= 0 ? 503 : 204;
    });

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Alert_is_signed_so_that_its_receiver_can_check_it()
    {
        using var webhook = Webhook(Secret);

        Assert.True(await webhook.SendAsync(Alert, CancellationToken.None));

        var (headers, body) = Assert.Single(_received);
        var signed = $"{headers["webhook-id"]}.{headers["webhook-timestamp"]}.{body}";
        var expected = HMACSHA256.HashData(Convert.FromBase64String(Secret["whsec_".Length..]), Encoding.UTF8.GetBytes(signed));
        Assert.Equal($"v1,{Convert.ToBase64String(expected)}", headers["webhook-signature"]);
        var document = JsonDocument.Parse(body).RootElement;
        Assert.Equal(("alert.raised", "storage"), (document.GetProperty("type").GetString(), document.GetProperty("data").GetProperty("name").GetString()));
        Assert.Contains("storage", document.GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_secret_it_is_posted_unsigned()
    {
        using var webhook = Webhook(secret: null);

        await webhook.SendAsync(Alert, CancellationToken.None);

        Assert.False(Assert.Single(_received).Headers.ContainsKey("webhook-signature"));
    }

    [Fact]
    public async Task Alert_is_posted_again_under_the_same_id_until_it_is_taken()
    {
        _failures = 2;
        using var webhook = Webhook(Secret);

        Assert.True(await webhook.SendAsync(Alert, CancellationToken.None));

        Assert.Equal(["alert-1", "alert-1", "alert-1"], _received.Select(request => request.Headers["webhook-id"].ToString()));
        Assert.Empty(_log.Entries);
    }

    [Fact]
    public async Task Alert_that_nobody_takes_is_logged()
    {
        _failures = 100;
        using var webhook = Webhook(Secret);

        Assert.False(await webhook.SendAsync(Alert, CancellationToken.None));

        Assert.Equal(3, _received.Count);
        Assert.Equal([5021], _log.EventIds);
    }

    [Theory]
    [InlineData("http://example.com/hook", null, 5, 3, 3, "Alerts__WebhookUrl must be an https address, or http of this machine.")]
    [InlineData("https://example.com/hook", "c2hvcnQ=", 5, 3, 3, "Alerts__WebhookSecret must be Base64 of 24 bytes or more.")]
    [InlineData(null, null, 31, 3, 3, "Alerts__Window must be 1 to 30.")]
    [InlineData(null, null, 5, 6, 3, "Alerts__Failures must be 1 to Alerts__Window.")]
    [InlineData(null, null, 5, 3, 0, "Alerts__Successes must be 1 to Alerts__Window.")]
    public void Wrong_setting_is_named(string? url, string? secret, int window, int failures, int successes, string problem)
    {
        var options = new AlertOptions { WebhookUrl = url, WebhookSecret = secret, Window = window, Failures = failures, Successes = successes };

        Assert.Equal([problem], options.Problems());
    }

    private AlertWebhook Webhook(string? secret) =>
        new(new AlertOptions { WebhookUrl = _server.Address.ToString(), WebhookSecret = secret }, TimeProvider.System, _log);
}
