using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace Yggdrasil.Client.Tests;

/// <summary>Answers a client by script, without a network, at a time that the test sets.</summary>
internal sealed class StubServer : HttpMessageHandler
{
    private readonly Queue<Func<HttpResponseMessage>> _answers = [];

    /// <summary>Method, path, key and body of each request.</summary>
    public List<(string Line, string? Key, string Body, string? Authorization)> Requests { get; } = [];

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.Parse("2026-01-31T12:00:00Z", null)) { AutoAdvanceAmount = TimeSpan.Zero };

    public YggdrasilClient NewClient(Action<YggdrasilClientOptions>? configure = null)
    {
        var options = new YggdrasilClientOptions { Address = new Uri("https://gateway.example/agents"), ApiKey = "ygk_1", TimeProvider = Time };
        configure?.Invoke(options);
        return new YggdrasilClient(new HttpClient(this), options);
    }

    public StubServer Answer(HttpStatusCode status, string body, string mediaType = "application/json", string? retryAfter = null)
    {
        _answers.Enqueue(() =>
        {
            var response = new HttpResponseMessage(status) { Content = new StringContent(body, null, mediaType) };
            if (retryAfter is not null)
            {
                response.Headers.TryAddWithoutValidation("Retry-After", retryAfter);
            }

            return response;
        });
        return this;
    }

    public StubServer Problem(HttpStatusCode status, string code, string? retryAfter = null) =>
        Answer(status, $$"""{"code":"{{code}}","detail":"So it is.","traceId":"t1"}""", "application/problem+json", retryAfter);

    public StubServer Stream(Stream events)
    {
        _answers.Enqueue(() => new HttpResponseMessage { Content = new StreamContent(events) { Headers = { { "Content-Type", "text/event-stream" } } } });
        return this;
    }

    public StubServer Break()
    {
        _answers.Enqueue(() => throw new HttpRequestException("The connection was reset."));
        return this;
    }

    /// <summary>Lets time pass until something has come of a task.</summary>
    public async Task<T> PassTimeAsync<T>(Task<T> task, TimeSpan step)
    {
        while (!task.IsCompleted)
        {
            Time.Advance(step);
            await Task.Yield();
        }

        return await task;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Add((
            $"{request.Method} {request.RequestUri!.PathAndQuery}",
            request.Headers.TryGetValues("Idempotency-Key", out var keys) ? keys.Single() : null,
            request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken),
            request.Headers.Authorization?.ToString()));
        return _answers.Dequeue()();
    }
}
