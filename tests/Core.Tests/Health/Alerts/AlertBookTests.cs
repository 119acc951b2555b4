using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Operations.Health;
using Yggdrasil.Operations.Health.Alerts;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Health.Alerts;

[Collection(SharedAzurite.Name)]
public sealed class AlertBookTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private readonly string _check = $"check-{Guid.NewGuid():N}";
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly ConcurrentQueue<(string Id, string Type)> _posted = new();
    private LoopbackServer _server = null!;
    private volatile bool _refuses;

    public async Task InitializeAsync() => _server = await LoopbackServer.StartAsync(async (http, cancellationToken) =>
    {
        var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: cancellationToken);
        if (_refuses)
        {
            http.Response.StatusCode = 410;
            return;
        }

        _posted.Enqueue((http.Request.Headers["webhook-id"]!, body.RootElement.GetProperty("type").GetString()!));
    });

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Several_instances_that_look_at_once_tell_once()
    {
        List<AlertBook> instances = [.. Enumerable.Range(0, 3).Select(_ => Book().Book)];

        foreach (var isGood in (bool[])[false, false, false, false, true, true, true, true])
        {
            await Task.WhenAll(instances.Select(book => LookAsync(book, isGood)));
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(["alert.raised", "alert.cleared"], _posted.Select(post => post.Type));
    }

    [Fact]
    public async Task Alert_that_the_webhook_did_not_take_is_posted_with_the_next_look_under_the_same_id()
    {
        var (book, log, _) = Book();
        _refuses = true;
        for (var look = 0; look < 3; look++)
        {
            await LookWhileTimePassesAsync(book, isGood: false);
        }

        Assert.Empty(_posted);
        _refuses = false;
        await LookWhileTimePassesAsync(book, isGood: false);
        await LookWhileTimePassesAsync(book, isGood: false);

        Assert.Equal("alert.raised", Assert.Single(_posted).Type);
        Assert.Equal(2, log.EventIds.Count(id => id == 5020));
    }

    [Fact]
    public async Task Without_storage_an_instance_goes_by_what_it_remembers()
    {
        var (book, log, requests) = Book();
        requests.OnRequest = () => throw new IOException("Storage is away.");

        for (var look = 0; look < 4; look++)
        {
            await LookWhileTimePassesAsync(book, isGood: false);
        }

        Assert.Equal("alert.raised", Assert.Single(_posted).Type);
        Assert.Contains(5023, log.EventIds);
    }

    private (AlertBook Book, RecordedLog<AlertBook> Log, RequestCount Requests) Book()
    {
        var (storage, _, requests) = azurite.Connect();
        var options = new AlertOptions { WebhookUrl = _server.Address.ToString() };
        var log = new RecordedLog<AlertBook>();
        return (new AlertBook(storage, new AlertWebhook(options, _time, NullLogger<AlertWebhook>.Instance), options, log), log, requests);
    }

    private Task LookAsync(AlertBook book, bool isGood)
    {
        var now = _time.GetUtcNow();
        var check = new HealthCheck(_check, isGood ? HealthStatus.Healthy : HealthStatus.Unhealthy, 1, "Details.", now);
        return book.EvaluateAsync(new HealthReport(now, [check]), CancellationToken.None);
    }

    /// <summary>The webhook pauses between attempts; a minute is over afterwards.</summary>
    private async Task LookWhileTimePassesAsync(AlertBook book, bool isGood)
    {
        var look = LookAsync(book, isGood);
        while (!look.IsCompleted)
        {
            await Task.Delay(10);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        await look;
        _time.Advance(TimeSpan.FromMinutes(1));
    }
}
