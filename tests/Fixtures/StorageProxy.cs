using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Yggdrasil.Fixtures;

/// <summary>
/// Stands between the app and one service of a storage account, and makes it slow, silent or late: what storage does with a request that
/// its caller has given up is the same as in Azure, it is carried out.
/// </summary>
public sealed class StorageProxy : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly Uri _target;
    private readonly ConcurrentQueue<(Func<HttpRequest, string, bool> IsMeant, HeldRequest Held)> _holds = new();
    private volatile TaskCompletionSource? _silence;
    private volatile bool _refuses;
    private LoopbackServer _server = null!;

    private StorageProxy(Uri target) => (_target, _http) = (target, new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }));

    /// <summary>To be used instead of the service's own address.</summary>
    public Uri Address => new(_server.Address, _target.AbsolutePath.TrimStart('/'));

    /// <param name="target">The service's address, with the account's name.</param>
    public static async Task<StorageProxy> StartAsync(Uri target)
    {
        var proxy = new StorageProxy(target);
        proxy._server = await LoopbackServer.StartAsync(proxy.HandleAsync);
        return proxy;
    }

    /// <summary>Holds the next request of a kind until it is released, whether or not its caller still waits.</summary>
    /// <param name="isMeant">Given the request and its body.</param>
    public HeldRequest Hold(Func<HttpRequest, string, bool> isMeant)
    {
        var held = new HeldRequest();
        _holds.Enqueue((isMeant, held));
        return held;
    }

    /// <summary>The transaction that starts a run.</summary>
    public static bool IsStart(HttpRequest request, string body) => request.Method == HttpMethods.Post
        && request.Path.Value!.EndsWith("$batch", StringComparison.Ordinal)
        && body.Contains("run!", StringComparison.Ordinal) && body.Contains("AgentVersion", StringComparison.Ordinal);

    /// <summary>From now on nothing is answered, nor carried out.</summary>
    public void FallSilent() => _silence = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>From now on connections are cut.</summary>
    public void Refuse() => _refuses = true;

    /// <summary>Everything is as it should be again; what was asked meanwhile is lost.</summary>
    public void Recover()
    {
        _refuses = false;
        _silence?.TrySetResult();
        _silence = null;
    }

    public async ValueTask DisposeAsync()
    {
        Recover();
        await _server.DisposeAsync();
        _http.Dispose();
    }

    private async Task HandleAsync(HttpContext context, CancellationToken gone)
    {
        if (_silence is { } silence)
        {
            await silence.Task.WaitAsync(gone);
            context.Abort();
            return;
        }

        if (_refuses)
        {
            context.Abort();
            return;
        }

        using var request = await CopyAsync(context.Request, gone);
        if (_holds.TryPeek(out var next)
            && next.IsMeant(context.Request, await request.Content!.ReadAsStringAsync(gone)) && _holds.TryDequeue(out next))
        {
            next.Held.Arrive();
            await next.Held.Released;
        }

        try
        {
            // Not the caller's token: storage goes on with what it was asked.
            using var response = await _http.SendAsync(request, CancellationToken.None);
            await AnswerAsync(response, context.Response, gone);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            // Nobody is left to answer.
        }
    }

    private async Task<HttpRequestMessage> CopyAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellationToken);

        // As it was sent: requests are signed over their path.
        var target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var uri = new Uri(
            $"{_target.GetLeftPart(UriPartial.Authority)}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        var copy = new HttpRequestMessage(new HttpMethod(request.Method), uri)
        {
            Content = new ByteArrayContent(body.ToArray()),
        };
        foreach (var (name, values) in request.Headers)
        {
            if (!copy.Headers.TryAddWithoutValidation(name, [.. values]))
            {
                copy.Content.Headers.TryAddWithoutValidation(name, [.. values]);
            }
        }

        copy.Headers.Host = _target.Authority;
        copy.Headers.TransferEncodingChunked = null;
        return copy;
    }

    private static async Task AnswerAsync(HttpResponseMessage response, HttpResponse answer, CancellationToken cancellationToken)
    {
        answer.StatusCode = (int)response.StatusCode;
        foreach (var (name, values) in response.Headers.Concat(response.Content.Headers))
        {
            answer.Headers[name] = values.ToArray();
        }

        answer.Headers.Remove("transfer-encoding");
        if (response.StatusCode is not (HttpStatusCode.NoContent or HttpStatusCode.NotModified))
        {
            await response.Content.CopyToAsync(answer.Body, cancellationToken);
        }
    }
}

/// <summary>A request that <see cref="StorageProxy"/> holds back.</summary>
public sealed class HeldRequest
{
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Once it is held.</summary>
    public Task Arrived => _arrived.Task;

    internal Task Released => _released.Task;

    /// <summary>Has storage carry it out now.</summary>
    public void Release() => _released.TrySetResult();

    internal void Arrive() => _arrived.TrySetResult();
}
