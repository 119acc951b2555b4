using System.Net;
using System.Net.ServerSentEvents;

namespace Yggdrasil.Client.Sending;

/// <summary>One connection over which the events of a run come.</summary>
internal sealed class EventConnection : IAsyncDisposable
{
    /// <summary>Three of the comments that the server sends where there is no event.</summary>
    private static readonly TimeSpan IdleBound = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan DefaultPause = TimeSpan.FromSeconds(1);

    private readonly HttpResponseMessage _response;
    private readonly Stream _body;
    private readonly SseParser<RunEvent> _parser;
    private readonly IAsyncEnumerator<SseItem<RunEvent>> _events;
    private bool _firstIsRead;

    private EventConnection(HttpResponseMessage response, Stream body, CancellationToken cancellationToken)
    {
        (_response, _body) = (response, body);
        _parser = SseParser.Create(body, EventJson.Read);
        _events = _parser.EnumerateAsync(cancellationToken).GetAsyncEnumerator(CancellationToken.None);
    }

    /// <summary>Whether there was no event when it was opened, and the server ended it.</summary>
    public bool IsEmpty { get; private set; }

    /// <summary>How long to wait before another, as the server wants it.</summary>
    public TimeSpan Pause => _parser.ReconnectionInterval == Timeout.InfiniteTimeSpan ? DefaultPause : _parser.ReconnectionInterval;

    /// <summary>Opens a connection, and reads its first event: one that is cut before has brought nothing, and is a failure.</summary>
    /// <returns>Null where there are no more events.</returns>
    /// <param name="opening">Ends the attempt.</param>
    /// <param name="reading">Ends the connection.</param>
    public static async Task<EventConnection?> OpenAsync(Transport transport, ApiRequest request, CancellationToken opening, CancellationToken reading)
    {
        var response = await transport.OpenAsync(request, opening).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NoContent)
        {
            response.Dispose();
            return null;
        }

        var body = new IdleBoundStream(await response.Content.ReadAsStreamAsync(opening).ConfigureAwait(false), IdleBound, transport.Time);
        var connection = new EventConnection(response, body, reading);
        try
        {
            connection.IsEmpty = !await connection._events.MoveNextAsync().ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The next event; null where the server has ended the connection.</summary>
    public async ValueTask<RunEvent?> NextAsync()
    {
        if (IsEmpty || (_firstIsRead && !await _events.MoveNextAsync().ConfigureAwait(false)))
        {
            return null;
        }

        _firstIsRead = true;
        return _events.Current.Data with { EventId = _events.Current.EventId ?? "" };
    }

    public async ValueTask DisposeAsync()
    {
        await _events.DisposeAsync().ConfigureAwait(false);
        await _body.DisposeAsync().ConfigureAwait(false);
        _response.Dispose();
    }
}
