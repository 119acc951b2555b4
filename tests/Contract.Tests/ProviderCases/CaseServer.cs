using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>A chat request as the server got it.</summary>
/// <param name="Provider">Whose server it was sent to.</param>
/// <param name="Refusal">The rule of the provider that it breaks; null for none.</param>
internal sealed record CaseRequest(string Provider, string Model, JsonElement Body, DateTimeOffset At, string? Refusal);

/// <summary>
/// Stands for every provider at once, each under a path of its own name: answers by the script of the model that is asked for, refuses
/// what breaks a rule of that provider, and says 391 when the script has ended.
/// </summary>
internal sealed class CaseServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<CaseAnswer>> _scripts = new();
    private readonly ConcurrentQueue<CaseRequest> _requests = new();
    private readonly ProviderRules _rules = new();
    private readonly ConcurrentDictionary<string, bool> _streaming = new();
    private LoopbackServer? _server;

    public static async Task<CaseServer> StartAsync()
    {
        var server = new CaseServer();
        server._server = await LoopbackServer.StartAsync(server.HandleAsync);
        return server;
    }

    /// <summary>Where a provider is served.</summary>
    public string Endpoint(string provider) => new Uri(_server!.Address, provider).ToString();

    /// <param name="model">The model's name, without its provider.</param>
    /// <param name="answers">What it answers in this order.</param>
    /// <param name="streams">Whether an answer that is written down whole is streamed where the request asks for it.</param>
    public void Script(string model, IEnumerable<CaseAnswer> answers, bool streams)
    {
        _scripts[model] = new ConcurrentQueue<CaseAnswer>(answers);
        _streaming[model] = streams;
    }

    public IReadOnlyList<CaseRequest> Requests(string model) => [.. _requests.Where(request => request.Model == model)];

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"object":"list","data":[],"models":[]}""", cancellationToken);
            return;
        }

        var provider = context.Request.Path.Value!.Split('/')[1];
        using var document = await JsonDocument.ParseAsync(context.Request.Body, default, cancellationToken);
        var body = document.RootElement.Clone();
        var model = body.GetProperty("model").GetString()!;
        var refusal = _rules.Broken(provider, model, body);
        _requests.Enqueue(new CaseRequest(provider, model, body, DateTimeOffset.UtcNow, refusal));
        if (refusal is not null)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsJsonAsync(
                new { error = new { message = refusal, type = "invalid_request_error", param = (string?)null, code = "invalid_request_error" } }, cancellationToken);
            return;
        }

        var answer = _scripts.TryGetValue(model, out var script) && script.TryDequeue(out var scripted) ? scripted : WireFormats.Plain(provider, "391");
        _rules.Remember(model, answer);
        var asStream = WireFormats.AsksForStream(provider, body) && (script is null || _streaming[model]);
        await WriteAsync(context, asStream ? WireFormats.Streamed(provider, answer) : answer, cancellationToken);
    }

    private static async Task WriteAsync(HttpContext context, CaseAnswer answer, CancellationToken cancellationToken)
    {
        await Task.Delay(answer.Delay, cancellationToken);
        if (answer.Drops)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = answer.ContentType;
        foreach (var (name, value) in answer.Headers)
        {
            context.Response.Headers[name] = value;
        }

        foreach (var (pause, bytes) in answer.Pieces())
        {
            await Task.Delay(pause, cancellationToken);
            await context.Response.Body.WriteAsync(bytes, cancellationToken);
            await context.Response.Body.FlushAsync(cancellationToken);
        }
    }
}
