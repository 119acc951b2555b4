using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Yggdrasil.Fixtures;

/// <summary>
/// An HTTP server whose answers have no end. It writes to the socket itself, so that it counts what the other side's end of
/// the connection really took: a web server goes on accepting what it will never send.
/// </summary>
public sealed class EndlessServer : IAsyncDisposable
{
    private const long Enough = 1024L * 1024 * 1024;

    private static readonly byte[] Head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"u8.ToArray();

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _serving;
    private long _sent;

    private readonly byte[] _once;
    private readonly byte[] _again;

    /// <param name="once">What an answer begins with.</param>
    /// <param name="again">What it goes on with, again and again; null for a letter.</param>
    public EndlessServer(string once = "", string? again = null)
    {
        (_once, _again) = (Encoding.UTF8.GetBytes(once), again is null ? Letters() : Encoding.UTF8.GetBytes(again));
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _serving = ServeAsync();
    }

    /// <summary><c>http://127.0.0.1:port/</c></summary>
    public Uri Address { get; }

    /// <summary>Bytes that went out so far.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stopping.Dispose();
    }

    private async Task ServeAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                using var connection = await _listener.AcceptSocketAsync(_stopping.Token);
                await AnswerAsync(connection);
            }
            catch (Exception end) when (end is SocketException or OperationCanceledException)
            {
                // The other side has had enough, or the test has.
            }
        }
    }

    private async Task AnswerAsync(Socket connection)
    {
        await connection.ReceiveAsync(new byte[64 * 1024], _stopping.Token);
        await connection.SendAsync(Head, _stopping.Token);
        await connection.SendAsync(_once, _stopping.Token);
        while (Sent < Enough)
        {
            // Part of an event would be none.
            for (var sent = 0; sent < _again.Length;)
            {
                var count = await connection.SendAsync(_again.AsMemory(sent), _stopping.Token);
                sent += count;
                Interlocked.Add(ref _sent, count);
            }
        }
    }

    private static byte[] Letters()
    {
        var letters = new byte[64 * 1024];
        Array.Fill(letters, (byte)'x');
        return letters;
    }
}
