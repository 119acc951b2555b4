using System.Net;
using System.Net.Sockets;

namespace Yggdrasil.Client.Tests;

/// <summary>Stands between a client and the app, and resets connections in the midst of what the app answers.</summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly int _target;
    private readonly Func<int, int?> _bytesOf;
    private readonly Task _accepting;
    private readonly List<Task> _relays = [];
    private int _connections;
    private int _cuts;

    /// <param name="target">Where the app is.</param>
    /// <param name="bytesOf">After how many bytes of answers a connection is reset, by its number from 1; null: never.</param>
    public CuttingProxy(Uri target, Func<int, int?> bytesOf)
    {
        (_target, _bytesOf) = (target.Port, bytesOf);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Connections that were reset so far.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_relays);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stopping.Token);
                _relays.Add(RelayAsync(client, _bytesOf(++_connections)));
            }
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // The test is over.
        }
    }

    private async Task RelayAsync(Socket client, int? bytes)
    {
        using var app = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        using (client)
        {
            try
            {
                await app.ConnectAsync(IPAddress.Loopback, _target, done.Token);
                await Task.WhenAny(CopyAsync(client, app, null, done.Token), CopyAsync(app, client, bytes, done.Token));
            }
            catch (SocketException)
            {
                // The app is not there: the client finds its connection closed.
            }

            await done.CancelAsync();
        }
    }

    private async Task CopyAsync(Socket from, Socket to, int? bytes, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, cancellationToken) is > 0 and var read)
            {
                var passed = Math.Min(read, bytes ?? read);
                await to.SendAsync(buffer.AsMemory(0, passed), cancellationToken);
                bytes -= passed;
                if (bytes == 0)
                {
                    Interlocked.Increment(ref _cuts);
                    to.LingerState = new LingerOption(true, 0);
                    return;
                }
            }
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            // One side has gone, and the other goes with it.
        }
    }
}
