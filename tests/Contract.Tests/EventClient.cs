using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Yggdrasil.Contract.Tests;

/// <summary>An event as a client sees it.</summary>
internal sealed record ServerEvent(string Id, string Type, JsonElement Data)
{
    /// <summary>What makes two of them the same.</summary>
    public string Text => $"{Id} {Type} {Data.GetRawText()}";

    /// <summary>Whether every reader is told it, whenever it comes.</summary>
    public bool IsLasting => Type is not ("model.delta" or "model.restarted" or "tool.started");
}

/// <summary>Reads a run's events over HTTP.</summary>
internal sealed class EventClient : IDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly Stream _stream;
    private readonly IAsyncEnumerator<SseItem<string>> _items;
    private readonly CancellationTokenSource _bound = new(TimeSpan.FromSeconds(120));

    private EventClient(HttpResponseMessage response, Stream stream)
    {
        (_response, _stream) = (response, stream);
        Parser = SseParser.Create(stream);
        _items = Parser.EnumerateAsync(_bound.Token).GetAsyncEnumerator();
    }

    public SseParser<string> Parser { get; }

    public HttpResponseMessage Response => _response;

    public static async Task<EventClient> OpenAsync(HttpClient http, string runId, string? after = null, string query = "")
    {
        var response = await GetAsync(http, runId, after, query);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        return new EventClient(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>Runs an agent inline and reads its events.</summary>
    public static Task<EventClient> InvokeAsync(HttpClient http, string agent, string body, CancellationToken cancellationToken = default) =>
        PostAsync(http, $"/api/agents/{agent}/invoke", body, key: null, cancellationToken);

    /// <summary>Starts a run and reads its events, by one request.</summary>
    public static Task<EventClient> StartAsync(HttpClient http, string agent, string body, string? key = null) =>
        PostAsync(http, $"/api/agents/{agent}/runs", body, key, CancellationToken.None);

    private static async Task<EventClient> PostAsync(HttpClient http, string path, string body, string? key, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        request.Headers.Add("Accept", "application/json;q=0.5, text/event-stream");
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        return new EventClient(response, await response.Content.ReadAsStreamAsync(cancellationToken));
    }

    public static async Task<HttpResponseMessage> GetAsync(HttpClient http, string runId, string? after = null, string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{runId}/events{query}");
        if (after is not null)
        {
            request.Headers.Add("Last-Event-ID", after);
        }

        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>All events to the end of the stream.</summary>
    public static async Task<List<ServerEvent>> ReadAllAsync(HttpClient http, string runId, string? after = null, string query = "")
    {
        using var client = await OpenAsync(http, runId, after, query);
        return await client.ReadToEndAsync();
    }

    /// <summary>The next event; null at the end of the stream.</summary>
    public async Task<ServerEvent?> NextAsync() => await _items.MoveNextAsync()
        ? new ServerEvent(_items.Current.EventId!, _items.Current.EventType, JsonSerializer.Deserialize<JsonElement>(_items.Current.Data))
        : null;

    /// <summary>The events up to the first that fulfils a condition, that one included.</summary>
    public async Task<List<ServerEvent>> ReadUntilAsync(Func<ServerEvent, bool> isLast)
    {
        List<ServerEvent> events = [];
        while (await NextAsync() is { } next)
        {
            events.Add(next);
            if (isLast(next))
            {
                return events;
            }
        }

        throw new InvalidOperationException($"The stream ended after: {string.Join(", ", events.Select(item => item.Type))}");
    }

    public async Task<List<ServerEvent>> ReadToEndAsync()
    {
        List<ServerEvent> events = [];
        while (await NextAsync() is { } next)
        {
            events.Add(next);
        }

        return events;
    }

    public void Dispose()
    {
        _response.Dispose();
        _stream.Dispose();
        _bound.Dispose();
    }
}
