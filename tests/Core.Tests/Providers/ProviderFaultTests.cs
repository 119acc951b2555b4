using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers;

/// <summary>Each fault a server can have, over real HTTP: how many calls it costs, who is asked instead, and what the caller sees.</summary>
public sealed class ProviderFaultTests : IAsyncLifetime
{
    // Only keeps a broken test from hanging: what is tested ends after a second or two. (Servers that stall need fake time:
    // ProviderResilienceTests and FallbackChatClientTests.)
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, Func<ModelReply>> Replies = new()
    {
        ["reset before the answer"] = () => ModelReply.Reset(),
        ["malformed JSON"] = () => ModelReply.Raw("""{"choices":[{"message":"""),
        ["an HTML page with status 200"] = () => ModelReply.Raw("<html><body>Sign in to the Wi-Fi</body></html>", "text/html"),
        ["no body"] = () => ModelReply.Raw(""),
        ["100 KB of error with status 500"] = () => ModelReply.Status(500, message: new string('x', 100_000)),
        ["100 KB of error with status 400"] = () => ModelReply.Status(400, message: new string('x', 100_000)),
        ["redirect"] = () => ModelReply.Status(302) with { Headers = new Dictionary<string, string> { ["Location"] = "http://127.0.0.1:1/v1" } },
        ["content filter"] = () => ModelReply.Status(400, code: "content_filter"),
        ["context too long"] = () => ModelReply.Status(400, code: "context_length_exceeded"),
        ["used-up quota"] = () => ModelReply.Status(429, code: "insufficient_quota"),
        ["too many requests"] = () => ModelReply.Status(429, TimeSpan.Zero),
        ["a long Retry-After"] = () => ModelReply.Status(429, TimeSpan.FromSeconds(60)),
        ["wrong key"] = () => ModelReply.Status(401),
        ["no permission"] = () => ModelReply.Status(403),
        ["no such model"] = () => ModelReply.Status(404),
        ["upstream timeout"] = () => ModelReply.Status(504),
        ["overload"] = () => ModelReply.Status(529),
    };

    private static readonly Dictionary<string, Func<Gate, ModelReply>> Breaks = new()
    {
        ["reset in the middle"] = heard => ModelReply.Reset(ConnectionFault.MidBody) with { MidStreamGate = heard },
        ["end as if it were complete"] = _ => ModelReply.Reset(ConnectionFault.EarlyEnd),
        ["malformed chunk"] = _ => Events(Chunk("One "), "{\"choices\":[{"),
        ["error event"] = _ => Events(Chunk("One "), """{"error":{"message":"Overloaded","code":502}}""", "[DONE]"),
    };

    private volatile Gate _heard = new();
    private ScriptedModelServer _server = null!;
    private ScriptedModelServer _second = null!;

    /// <summary>With one retry: calls to the first provider, calls to the second, and the code without a second.</summary>
    public static TheoryData<string, bool, int, int, string> Faults => Table(
    [
        ("reset before the answer", 2, 1, "provider_unavailable"),
        ("malformed JSON", 2, 1, "provider_unavailable"),
        ("an HTML page with status 200", 2, 1, "provider_unavailable"),
        ("no body", 2, 1, "provider_unavailable"),
        ("100 KB of error with status 500", 2, 1, "provider_unavailable"),
        ("100 KB of error with status 400", 1, 0, "provider_rejected"),
        ("redirect", 1, 1, "provider_unavailable"),
        ("content filter", 1, 0, "content_filter"),
        ("context too long", 1, 0, "context_too_long"),
        ("used-up quota", 1, 1, "provider_rate_limited"),
        ("too many requests", 2, 1, "provider_rate_limited"),
        ("a long Retry-After", 1, 1, "provider_rate_limited"),
        ("wrong key", 1, 1, "provider_credentials"),
        ("no permission", 1, 1, "provider_credentials"),
        ("no such model", 1, 0, "provider_rejected"),
        ("upstream timeout", 2, 1, "provider_timeout"),
        ("overload", 2, 1, "provider_unavailable"),
    ]);

    public static TheoryData<string> MidStream => [.. Breaks.Keys];

    public async Task InitializeAsync()
    {
        _server = await ScriptedModelServer.StartAsync();
        _second = await ScriptedModelServer.StartAsync();
        _second.RespondWith(_ => ModelReply.Text("From the second."));
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _second.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Fault_costs_so_many_calls_and_the_caller_sees_its_code_in_bounded_time(
        string fault, bool streamed, int calls, int callsToSecond, string code)
    {
        _server.RespondWith(_ => Replies[fault]());
        await using var alone = With();
        await using var withSecond = With();

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(alone.Client("vllm:m"), streamed).WaitAsync(Bound));
        Assert.Equal((code, calls), (thrown.Code, _server.Requests.Count));
        Assert.True(thrown.Message.Length < 200, thrown.Message);

        var second = await Record.ExceptionAsync(() => AskAsync(withSecond.Client("vllm:m", "lmstudio:m"), streamed).WaitAsync(Bound));
        Assert.Equal((callsToSecond, callsToSecond == 0), (_second.Requests.Count, second is not null));
        Assert.Equal(calls * 2, _server.Requests.Count);
    }

    [Theory]
    [MemberData(nameof(MidStream))]
    public async Task Answer_that_breaks_off_is_taken_back_and_the_next_provider_answers(string fault)
    {
        _server.RespondWith(_ => Break(fault));
        await using var providers = With();

        var heard = await ListenAsync(providers.Client("vllm:m", "lmstudio:m")).WaitAsync(Bound);

        Assert.EndsWith("|restart|From the second.", heard.Text, StringComparison.Ordinal);
        Assert.Equal((1, 1, "lmstudio:m"), (_server.Requests.Count, _second.Requests.Count, heard.ServedBy));
    }

    [Theory]
    [MemberData(nameof(MidStream))]
    public async Task Answer_that_breaks_off_without_another_provider_is_asked_for_once_more(string fault)
    {
        _server.Enqueue(Break(fault), ModelReply.Text("Whole."));
        await using var providers = With();

        var heard = await ListenAsync(providers.Client("vllm:m")).WaitAsync(Bound);

        Assert.EndsWith("|restart|Whole.", heard.Text, StringComparison.Ordinal);
        Assert.Equal(2, _server.Requests.Count);
    }

    [Theory]
    [MemberData(nameof(MidStream))]
    public async Task Answers_that_all_break_off_end_in_a_named_failure(string fault)
    {
        _server.RespondWith(_ => Break(fault));
        _second.RespondWith(_ => Break(fault));
        await using var providers = With("Providers__lmstudio__RetryAttempts=1");

        var thrown = await Assert.ThrowsAsync<ProviderException>(
            () => ListenAsync(providers.Client("vllm:m", "lmstudio:m")).WaitAsync(Bound));

        Assert.Equal("provider_unavailable", thrown.Code);
        Assert.Equal((2, 2), (_server.Requests.Count, _second.Requests.Count));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Body_that_is_cut_before_any_token_is_repeated_unseen(bool streamed)
    {
        // Half of a completion that was not asked for as a stream says nothing; neither does the first chunk of one.
        _server.Enqueue(ModelReply.Text("") with { Fault = ConnectionFault.MidBody }, ModelReply.Text("Whole."));
        await using var providers = With();

        Assert.Equal("Whole.", (await AskAsync(providers.Client("vllm:m"), streamed)).Text);
        Assert.Equal(2, _server.Requests.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Certificate_that_nobody_trusts_is_unavailable_and_gets_no_request(bool streamed)
    {
        using var certificate = LoopbackCertificate.Create();
        await using var secure = await ScriptedModelServer.StartAsync(certificate);
        await using var providers = With($"Providers__groq__Endpoint={secure.Endpoint}", "Providers__groq__ApiKey=k");

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(providers.Client("groq:m"), streamed).WaitAsync(Bound));
        var response = await AskAsync(providers.Client("groq:m", "lmstudio:m"), streamed).WaitAsync(Bound);

        Assert.Equal("provider_unavailable", thrown.Code);
        Assert.Contains("No secure connection to groq", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(("From the second.", 0), (response.Text, secure.Requests.Count));
    }

    private TestProviders With(params string[] settings) => TestProviders.With(
    [
        $"Providers__vllm__Endpoint={_server.Endpoint}", $"Providers__lmstudio__Endpoint={_second.Endpoint}",
        "Providers__vllm__RetryAttempts=1", .. settings,
    ]);

    /// <summary>A reply that breaks once its beginning was heard, where the fault might overtake it.</summary>
    private ModelReply Break(string fault) => Breaks[fault](_heard = new Gate());

    private async Task<(string Text, string? ServedBy)> ListenAsync(IChatClient client)
    {
        var (text, servedBy) = ("", (string?)null);
        await foreach (var update in client.GetStreamingResponseAsync("Hello"))
        {
            text += ModelRestart.Of(update) is null ? update.Text : "|restart|";
            servedBy = update.ModelId ?? servedBy;
            if (update.Text.Length > 0)
            {
                _heard.Open();
            }
        }

        return (text, servedBy);
    }

    private static Task<ChatResponse> AskAsync(IChatClient client, bool streamed) => streamed
        ? client.GetStreamingResponseAsync("Hello").ToChatResponseAsync()
        : client.GetResponseAsync("Hello");

    private static ModelReply Events(params string[] data) =>
        ModelReply.Raw(string.Concat(data.Select(line => $"data: {line}\n\n")), "text/event-stream");

    private static string Chunk(string text) =>
        $$$"""{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"{{{text}}}"},"finish_reason":null}]}""";

    private static TheoryData<string, bool, int, int, string> Table(IEnumerable<(string Fault, int Calls, int ToSecond, string Code)> rows)
    {
        var table = new TheoryData<string, bool, int, int, string>();
        foreach (var (fault, calls, toSecond, code) in rows)
        {
            table.Add(fault, false, calls, toSecond, code);
            table.Add(fault, true, calls, toSecond, code);
        }

        return table;
    }
}
