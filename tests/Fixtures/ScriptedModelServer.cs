using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;

namespace Yggdrasil.Fixtures;

/// <summary>
/// An OpenAI-compatible server that answers by script. Each chat completion takes the next enqueued reply; when none is
/// left the responder decides from the request; without a responder it is 400, which no client retries.
/// </summary>
/// <remarks>
/// Any path that ends in <c>/chat/completions</c> is served, so that it stands in for Azure (<c>/openai/v1</c>), Gemini
/// (<c>/v1beta/openai</c>) and the others alike. <c>GET …/models</c> lists <c>scripted</c>.
/// </remarks>
public sealed class ScriptedModelServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<ModelReply> _script = new();
    private readonly RequestLog<ModelRequest> _requests = new();
    private volatile Func<ModelRequest, ModelReply>? _responder;
    private LoopbackServer? _server;

    private ScriptedModelServer()
    {
    }

    /// <summary><c>http://127.0.0.1:port/</c></summary>
    public Uri Address => _server!.Address;

    /// <summary><c>http://127.0.0.1:port/v1</c>, for <c>Providers__openai__Endpoint</c>.</summary>
    public string Endpoint => new Uri(Address, "v1").ToString();

    /// <summary>All chat completion requests so far, in order of arrival.</summary>
    public IReadOnlyList<ModelRequest> Requests => _requests.Entries;

    /// <param name="certificate">For https, with HTTP/2 on offer.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<ScriptedModelServer> StartAsync(
        X509Certificate2? certificate = null, CancellationToken cancellationToken = default)
    {
        var scripted = new ScriptedModelServer();
        scripted._server = await LoopbackServer.StartAsync(scripted.HandleAsync, certificate, cancellationToken);
        return scripted;
    }

    /// <summary>Adds replies for the next requests, in this order.</summary>
    public ScriptedModelServer Enqueue(params ModelReply[] replies)
    {
        foreach (var reply in replies)
        {
            _script.Enqueue(reply);
        }

        return this;
    }

    /// <summary>Answers whatever is not enqueued. The function may run for several requests at once.</summary>
    public ScriptedModelServer RespondWith(Func<ModelRequest, ModelReply> responder)
    {
        _responder = responder;
        return this;
    }

    /// <summary>The chat completion request with this number, counted from 1, as soon as it has come in.</summary>
    public Task<ModelRequest> WaitForRequestAsync(int number, CancellationToken cancellationToken = default) =>
        _requests.WaitAsync(number, cancellationToken);

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var path = context.Request.Path.Value ?? "/";
        if (HttpMethods.IsGet(context.Request.Method) && path.EndsWith("/models", StringComparison.Ordinal))
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(
                """{"object":"list","data":[{"id":"scripted","object":"model","created":1700000000,"owned_by":"tests"}]}""",
                cancellationToken);
        }
        else if (HttpMethods.IsPost(context.Request.Method) && path.EndsWith("/chat/completions", StringComparison.Ordinal))
        {
            await CompleteAsync(context, path, cancellationToken);
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        }
    }

    private async Task CompleteAsync(HttpContext context, string path, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(context.Request.Body);
        var json = await reader.ReadToEndAsync(cancellationToken);
        var headers = context.Request.Headers.ToDictionary(
            header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);

        // The reply is taken before the request becomes visible: a test that waits for request n may then change the
        // script without touching the reply to n.
        if (!_script.TryDequeue(out var reply))
        {
            reply = null;
        }

        var request = _requests.Add(number => new ModelRequest(number, path, headers, json, context.Request.Protocol));
        reply ??= _responder?.Invoke(request) ?? ModelReply.Status(400, code: "script_exhausted");
        await ModelReplyWriter.WriteAsync(context, request, reply, cancellationToken);
    }
}
