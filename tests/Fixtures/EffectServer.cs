using Microsoft.AspNetCore.Http;

namespace Yggdrasil.Fixtures;

/// <summary>
/// The outside world that HTTP tools act upon: records every request, so that a test can say how often an effect really
/// happened. Answers 200 <c>ok</c> unless told otherwise.
/// </summary>
public sealed class EffectServer : IAsyncDisposable
{
    private readonly RequestLog<EffectRequest> _requests = new();
    private volatile Func<EffectRequest, EffectReply> _responder = _ => new EffectReply();
    private LoopbackServer? _server;

    private EffectServer()
    {
    }

    /// <summary><c>http://127.0.0.1:port/</c></summary>
    public Uri Address => _server!.Address;

    /// <summary><c>127.0.0.1:port</c>, for <c>Tools__Http__AllowedHosts__0</c>.</summary>
    public string Authority => Address.Authority;

    /// <summary>All requests so far, in order of arrival; each is here before it is answered.</summary>
    public IReadOnlyList<EffectRequest> Requests => _requests.Entries;

    public static async Task<EffectServer> StartAsync(CancellationToken cancellationToken = default)
    {
        var effects = new EffectServer();
        effects._server = await LoopbackServer.StartAsync(effects.HandleAsync, cancellationToken: cancellationToken);
        return effects;
    }

    /// <summary>Answers from now on. The function may run for several requests at once.</summary>
    public EffectServer RespondWith(Func<EffectRequest, EffectReply> responder)
    {
        _responder = responder;
        return this;
    }

    /// <summary>How many requests came in with this method and path.</summary>
    public int Count(string method, string path) =>
        Requests.Count(request => request.Method == method && request.Path == path);

    /// <summary>The request with this number, counted from 1, as soon as it has come in.</summary>
    public Task<EffectRequest> WaitForRequestAsync(int number, CancellationToken cancellationToken = default) =>
        _requests.WaitAsync(number, cancellationToken);

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync(cancellationToken);
        var headers = context.Request.Headers.ToDictionary(
            header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var request = _requests.Add(_ => new EffectRequest(
            context.Request.Method, context.Request.Path.Value ?? "/", body, headers.GetValueOrDefault("Idempotency-Key"), headers));

        var reply = _responder(request);
        if (reply.Gate is not null)
        {
            await reply.Gate.WaitAsync(cancellationToken);
        }

        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.ContentType;
        if (reply.Location is not null)
        {
            context.Response.Headers.Location = reply.Location;
        }

        await context.Response.WriteAsync(reply.Body, cancellationToken);
    }
}
