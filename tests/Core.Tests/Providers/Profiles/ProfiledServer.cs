using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Storage;

namespace Yggdrasil.Tests.Providers.Profiles;

/// <summary>A chat completions server and clients of it under providers' names: what a profile makes of a prompt is read off the wire.</summary>
internal sealed class ProfiledServer : IAsyncDisposable
{
    private static readonly string[] Names = ["openai", "mistral", "gemini", "deepseek", "openrouter", "groq", "vllm", "fake"];

    private readonly EffectServer _server;
    private readonly TestProviders _providers;
    private readonly Queue<EffectReply> _replies = new();

    private ProfiledServer(EffectServer server, string[] settings)
    {
        _server = server.RespondWith(_ => _replies.TryDequeue(out var reply) ? reply : Answer("""{"role":"assistant","content":"391"}"""));
        _providers = TestProviders.With(
        [
            .. Names.SelectMany(name => new[] { $"Providers__{name}__Endpoint={server.Address}{name}", $"Providers__{name}__ApiKey=sk-test" }),
            $"Providers__anthropic__Endpoint={server.Address}", "Providers__anthropic__ApiKey=sk-test",
            $"Providers__ollama__Endpoint={server.Address}ollama",
            "Providers__fake__Type=openai-compatible",
            .. settings,
        ]);
    }

    public static async Task<ProfiledServer> StartAsync(params string[] settings) => new(await EffectServer.StartAsync(), settings);

    /// <summary>The bodies of the requests so far.</summary>
    public IReadOnlyList<JsonElement> Bodies => [.. _server.Requests.Where(request => request.Method == "POST").Select(request => JsonElement.Parse(request.Body))];

    public IReadOnlyList<string> Texts => [.. _server.Requests.Where(request => request.Method == "POST").Select(request => request.Body)];

    public JsonElement LastMessages => Bodies[^1].GetProperty("messages");

    public IChatClient Client(string model, params string[] fallbacks) => _providers.Client(model, fallbacks);

    /// <param name="message">The assistant's message, as JSON.</param>
    public void Enqueue(string message) => _replies.Enqueue(Answer(message));

    public void EnqueueRaw(string body, string contentType) => _replies.Enqueue(new EffectReply(body, ContentType: contentType));

    /// <summary>As they come back from the journal.</summary>
    public static List<ChatMessage> Stored(IEnumerable<ChatMessage> messages) =>
        JsonSerializer.Deserialize<List<ChatMessage>>(JsonSerializer.SerializeToUtf8Bytes(messages, StoredJson.Options), StoredJson.Options)!.AsBefore();

    public async ValueTask DisposeAsync()
    {
        await _providers.DisposeAsync();
        await _server.DisposeAsync();
    }

    private static EffectReply Answer(string message)
    {
        var reason = message.Contains("tool_calls", StringComparison.Ordinal) ? "tool_calls" : "stop";
        return new EffectReply(
            $$$"""{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{{{message}}},"finish_reason":"{{{reason}}}"}],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}""",
            ContentType: "application/json");
    }
}
