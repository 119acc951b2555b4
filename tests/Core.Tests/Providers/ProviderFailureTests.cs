using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers;

/// <summary>What each failure of a provider becomes, seen through the vendors' packages over real HTTP.</summary>
public sealed class ProviderFailureTests : IAsyncLifetime
{
    private const string Secret = "sk-very-secret";
    private const string UpstreamText = "upstream says: the prompt was hunter2";

    private ScriptedModelServer _server = null!;

    /// <summary>Every wire format with its way to fail, streamed and not.</summary>
    public static TheoryData<string, bool> Vendors => new()
    {
        { "openai", false }, { "openai", true }, { "azure", false }, { "azure", true },
        { "anthropic", false }, { "anthropic", true }, { "ollama", false }, { "ollama", true },
    };

    public static TheoryData<int, string, FailureClass> Statuses => new()
    {
        { 429, "provider_rate_limited", FailureClass.RetrySame },
        { 408, "provider_timeout", FailureClass.RetrySame },
        { 500, "provider_unavailable", FailureClass.RetrySame },
        { 502, "provider_unavailable", FailureClass.RetrySame },
        { 503, "provider_unavailable", FailureClass.RetrySame },
        { 504, "provider_timeout", FailureClass.RetrySame },
        { 529, "provider_unavailable", FailureClass.RetrySame },
        { 401, "provider_credentials", FailureClass.NextProvider },
        { 402, "provider_credentials", FailureClass.NextProvider },
        { 403, "provider_credentials", FailureClass.NextProvider },
        { 302, "provider_unavailable", FailureClass.NextProvider },
        { 400, "provider_rejected", FailureClass.Stop },
        { 404, "provider_rejected", FailureClass.Stop },
        { 409, "provider_rejected", FailureClass.Stop },
        { 413, "provider_rejected", FailureClass.Stop },
        { 422, "provider_rejected", FailureClass.Stop },
    };

    public async Task InitializeAsync() => _server = await ScriptedModelServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [MemberData(nameof(Statuses))]
    public void Status_is_classified(int status, string code, FailureClass failure)
    {
        var classified = ProviderFailures.FromStatus("openai", status, UpstreamError.None);

        Assert.Equal((code, failure), (classified.Code, classified.Failure));
        Assert.StartsWith("openai ", classified.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Status_of_every_vendor_is_classified_without_showing_body_host_or_key(string vendor, bool streamed)
    {
        await using var server = await EffectServer.StartAsync();
        await using var providers = Providers(vendor, server.Address);
        var client = providers.Client($"{vendor}:m");
        foreach (var row in Statuses)
        {
            var (status, code, failure) = ((int)row[0], (string)row[1], (FailureClass)row[2]);
            server.RespondWith(_ => new EffectReply($$$"""{"error":{"message":"{{{UpstreamText}}}"}}""", status, "application/json"));

            var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(client, streamed));

            Assert.Equal((status, code), (status, thrown.Code));
            Assert.Equal(failure == FailureClass.Stop, thrown.Failure == FailureClass.Stop);
            Assert.DoesNotContain(UpstreamText, thrown.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, thrown.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(server.Authority, thrown.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"error":{"code":"content_filter","message":"x"}}""", "content_filter")]
    [InlineData("""{"error":{"code":"400","innererror":{"code":"ResponsibleAIPolicyViolation"}}}""", "content_filter")]
    [InlineData("""{"error":{"code":"context_length_exceeded","message":"x"}}""", "context_too_long")]
    [InlineData("""{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}""", "context_too_long")]
    [InlineData("""[{"error":{"code":400,"message":"The input token count (1) exceeds the maximum number of tokens allowed (0).","status":"INVALID_ARGUMENT"}}]""", "context_too_long")]
    [InlineData("""{"object":"error","message":"This model's maximum context length is 4096 tokens.","code":400}""", "context_too_long")]
    [InlineData("""{"error":"the input length exceeds the context length"}""", "context_too_long")]
    [InlineData("""{"error":{"message":"bad temperature","param":"content_filter"}}""", "provider_rejected")]
    [InlineData("""{"error":{"message":""", "provider_rejected")]
    [InlineData("<html>context_length_exceeded</html>", "provider_rejected")]
    [InlineData("", "provider_rejected")]
    public async Task Body_of_a_rejection_tells_its_kind(string body, string code)
    {
        _server.RespondWith(_ => ModelReply.Raw(body) with { StatusCode = 400 });
        await using var providers = Providers("openai", _server.Address);

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("openai:m"), streamed: false));

        Assert.Equal((code, FailureClass.Stop), (thrown.Code, thrown.Failure));
        Assert.Single(_server.Requests);
    }

    [Fact]
    public void Exhausted_quota_is_not_retried_unlike_a_rate_limit()
    {
        var failure = ProviderFailures.FromStatus(
            "openai", 429, UpstreamErrors.Read("""{"error":{"code":"insufficient_quota"}}"""));

        Assert.Equal(("provider_rate_limited", FailureClass.NextProvider), (failure.Code, failure.Failure));
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Refused_connection_is_unavailable(string vendor, bool streamed)
    {
        var address = new Uri($"http://127.0.0.1:{LoopbackPorts.Unused()}/");
        await using var providers = Providers(vendor, address);

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client($"{vendor}:m"), streamed));

        Assert.Equal("provider_unavailable", thrown.Code);
        Assert.DoesNotContain(address.Authority, thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Vendors))]
    public async Task Malformed_body_is_unavailable(string vendor, bool streamed)
    {
        await using var server = await EffectServer.StartAsync();
        await using var providers = Providers(vendor, server.Address);
        foreach (var body in new[] { "{ \"choices\": [", "not json", "", "{}" })
        {
            server.RespondWith(_ => new EffectReply(
                streamed && vendor != "ollama" ? $"data: {body}\n\n" : body,
                ContentType: streamed && vendor != "ollama" ? "text/event-stream" : "application/json"));

            var thrown = await Record.ExceptionAsync(() => AskAsync(providers.Client($"{vendor}:m"), streamed));

            Assert.True(thrown is ProviderException { Code: "provider_unavailable" }, $"'{body}' became {thrown}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Error_inside_a_successful_answer_is_no_success(bool streamed)
    {
        const string Error = """{"error":{"message":"Provider returned error","code":502}}""";
        _server.RespondWith(_ => streamed
            ? ModelReply.Raw($"data: {Error}\n\ndata: [DONE]\n\n", "text/event-stream")
            : ModelReply.Raw(Error));
        await using var providers = Providers("openai", _server.Address);

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("openai:m"), streamed));

        Assert.Equal("provider_unavailable", thrown.Code);
    }

    [Theory]
    [InlineData(ConnectionFault.BeforeAnswer, false)]
    [InlineData(ConnectionFault.BeforeAnswer, true)]
    [InlineData(ConnectionFault.MidBody, false)]
    [InlineData(ConnectionFault.MidBody, true)]
    public async Task Reset_connection_is_unavailable(ConnectionFault fault, bool streamed)
    {
        _server.RespondWith(_ => ModelReply.Reset(fault));
        await using var providers = Providers("openai", _server.Address);

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("openai:m"), streamed));

        Assert.Equal("provider_unavailable", thrown.Code);
    }

    [Theory]
    [InlineData("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n", "provider_unavailable")]
    [InlineData("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"Slow\"}}\n\n", "provider_rate_limited")]
    [InlineData("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Bad\"}}\n\n", "provider_rejected")]
    public async Task Error_event_in_anthropics_stream_is_classified_by_its_type(string events, string code)
    {
        await using var server = await EffectServer.StartAsync();
        server.RespondWith(_ => new EffectReply(events, ContentType: "text/event-stream"));
        await using var providers = Providers("anthropic", server.Address);

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("anthropic:m"), streamed: true));

        Assert.Equal(code, thrown.Code);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Callers_cancellation_stays_a_cancellation(bool streamed)
    {
        var gate = new Gate();
        _server.RespondWith(_ => ModelReply.Hang(gate));
        await using var providers = Providers("openai", _server.Address);
        using var cancellation = new CancellationTokenSource();

        var asking = AskAsync(providers.Client("openai:m"), streamed, cancellation.Token);
        await gate.Reached;
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        Assert.Single(_server.Requests);
    }

    private static TestProviders Providers(string vendor, Uri address) => TestProviders.With(
        $"Providers__{vendor}__Endpoint={(vendor == "openai" ? new Uri(address, "v1") : address)}",
        $"Providers__{vendor}__ApiKey={Secret}",
        $"Providers__{vendor}__RetryAttempts=0",
        $"Providers__{vendor}__BreakerFailures=1000");

    private static Task<ChatResponse> AskAsync(
        IChatClient client, bool streamed, CancellationToken cancellationToken = default) => streamed
        ? client.GetStreamingResponseAsync("Hello", cancellationToken: cancellationToken).ToChatResponseAsync(cancellationToken)
        : client.GetResponseAsync("Hello", cancellationToken: cancellationToken);
}
