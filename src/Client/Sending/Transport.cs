using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Polly;
using Polly.Retry;

namespace Yggdrasil.Client.Sending;

/// <summary>Sends requests with the caller's token, again where that helps, and reads what comes back.</summary>
internal sealed class Transport
{
    private readonly HttpClient _http;
    private readonly Uri _address;
    private readonly YggdrasilClientOptions _options;
    private readonly ResiliencePipeline _retries;

    public Transport(HttpClient http, Uri address, YggdrasilClientOptions options)
    {
        // Paths are relative to it, and one behind a gateway has a path of its own.
        _address = address.AbsoluteUri.EndsWith('/') ? address : new Uri($"{address.AbsoluteUri}/");
        (_http, _options) = (http, options);
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = options.TimeProvider };
        if (options.MaxRetryAttempts > 0)
        {
            pipeline.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.MaxRetryAttempts,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromSeconds(0.5),
                MaxDelay = TimeSpan.FromSeconds(10),
                ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is { } failure && HelpsToRepeat(failure, attempt.Context.CancellationToken)),
                DelayGenerator = attempt => ValueTask.FromResult((attempt.Outcome.Exception as YggdrasilException)?.RetryAfter),
            });
        }

        _retries = pipeline.Build();
    }

    public TimeProvider Time => _options.TimeProvider;

    /// <summary>Whether the connection failed, and not the caller or what was asked.</summary>
    public static bool IsCut(Exception failure, CancellationToken cancellationToken) => failure switch
    {
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        HttpRequestException or IOException or ExecutionRejectedException => true,
        _ => false,
    };

    /// <summary>Sends a request and reads its answer.</summary>
    public Task<T> SendAsync<T>(ApiRequest request, JsonTypeInfo<T> answer, CancellationToken cancellationToken) =>
        SendAsync(request, answer, (document, _) => document, cancellationToken);

    /// <param name="complete">Adds to the answer what only its headers say.</param>
    public async Task<T> SendAsync<T>(
        ApiRequest request, JsonTypeInfo<T> answer, Func<T, HttpResponseHeaders, T> complete, CancellationToken cancellationToken)
    {
        async Task<T> AttemptAsync(CancellationToken attempt)
        {
            using var response = await OpenAsync(request, attempt).ConfigureAwait(false);
            using var body = await response.Content.ReadAsStreamAsync(attempt).ConfigureAwait(false);
            var document = await JsonSerializer.DeserializeAsync(body, answer, attempt).ConfigureAwait(false)
                ?? throw new JsonException($"{request.Method} {request.Path} was answered without a document.");
            return complete(document, response.Headers);
        }

        return request.MayRepeat
            ? await RepeatAsync(AttemptAsync, cancellationToken).ConfigureAwait(false)
            : await AttemptAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends a request whose answer says no more than that it is done.</summary>
    public async Task SendAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var attempts = 0;
        async Task<bool> AttemptAsync(CancellationToken attempt)
        {
            attempts++;
            try
            {
                using var response = await OpenAsync(request, attempt).ConfigureAwait(false);
                return true;
            }
            catch (YggdrasilException gone) when (gone.Status == HttpStatusCode.NotFound && request.Method == HttpMethod.Delete && attempts > 1)
            {
                // An attempt before this one deleted it, and its answer was lost.
                return true;
            }
        }

        await (request.MayRepeat ? RepeatAsync(AttemptAsync, cancellationToken) : AttemptAsync(cancellationToken)).ConfigureAwait(false);
    }

    /// <summary>Does something again that failed on its way.</summary>
    public async Task<T> RepeatAsync<T>(Func<CancellationToken, Task<T>> action, CancellationToken cancellationToken) =>
        await _retries.ExecuteAsync(async token => await action(token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    /// <summary>Makes one attempt; the answer is a success whose body is not read yet.</summary>
    /// <exception cref="YggdrasilException">It is none.</exception>
    public async Task<HttpResponseMessage> OpenAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        using var message = await CreateAsync(request, cancellationToken).ConfigureAwait(false);
        var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await ProblemAnswer.ReadAsync(response, Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<HttpRequestMessage> CreateAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var message = new HttpRequestMessage(request.Method, new Uri(_address, request.Path));
        message.Headers.Accept.ParseAdd(request.Accept);
        AddHeader(message, "Idempotency-Key", request.IdempotencyKey);
        AddHeader(message, "Prefer", request.Prefer);
        AddHeader(message, "If-Match", request.IfMatch);
        AddHeader(message, "Last-Event-ID", request.LastEventId);
        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        var token = _options.GetTokenAsync is { } getToken ? await getToken(cancellationToken).ConfigureAwait(false) : _options.ApiKey;
        if (token is not null)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return message;
    }

    private static void AddHeader(HttpRequestMessage message, string name, string? value)
    {
        if (value is null)
        {
            return;
        }

        // Without validation a header may hold a line break, and with it another header.
        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~') || !message.Headers.TryAddWithoutValidation(name, value))
        {
            throw new ArgumentException($"The value of {name} has to be of visible ASCII characters.");
        }
    }

    private bool HelpsToRepeat(Exception failure, CancellationToken cancellationToken) =>
        failure is YggdrasilException problem
            ? problem.IsTransient && (problem.RetryAfter ?? TimeSpan.Zero) <= _options.MaxRetryAfter
            : IsCut(failure, cancellationToken);
}
