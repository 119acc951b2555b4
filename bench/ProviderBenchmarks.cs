using System.Runtime.CompilerServices;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Models;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Custom;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.State;
using Yggdrasil.Models.Transport;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Benchmarks;

/// <summary>
/// One model call through fallback, limit, timeout, retry, breaker, classification and key, over a client that answers at
/// once from memory: what the wrapping adds. A streamed answer has 20 updates.
/// </summary>
[MemoryDiagnoser(displayGenColumns: false)]
public class ProviderBenchmarks
{
    private const int Updates = 20;

    private readonly ChatMessage[] _prompt = [new(ChatRole.User, "Hello")];
    private readonly InMemoryModel _bare = new();
    private ServiceProvider _services = null!;
    private ModelProvider _provider = null!;
    private FallbackChatClient _wrapped = null!;

    [GlobalSetup]
    public void Setup()
    {
        _services = new ServiceCollection().AddModelProviders(new ConfigurationBuilder().Build()).BuildServiceProvider();
        var options = new ProviderOptions { Name = "vllm", Type = ProviderType.OpenAICompatible, Endpoint = new Uri("http://localhost/v1") };
        _provider = new ModelProvider(
            options,
            _services.GetRequiredService<ISecrets>(),
            _services.GetRequiredService<ProviderBreakers>().Of(options),
            _services.GetRequiredService<ProviderMetrics>(),
            TimeProvider.System,
            () => throw new InvalidOperationException("No identity is needed."),
            new ActivityOptions(),
            NullLogger<FairQueue>.Instance,
            NullLogger<CredentialAlert>.Instance,
            new CustomModels(_services, create: null, []));
        var candidate = new ModelCandidate("vllm:m", _provider.Wrap("m", _ => _bare), options.RetryAttempts);
        _wrapped = new FallbackChatClient(candidate.Name, [candidate], _services.GetRequiredService<FallbackTelemetry>());
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _provider.Dispose();
        _services.Dispose();
    }

    [Benchmark(Baseline = true, Description = "bare")]
    public Task<ChatResponse> Bare() => _bare.GetResponseAsync(_prompt);

    [Benchmark(Description = "wrapped")]
    public Task<ChatResponse> Wrapped() => _wrapped.GetResponseAsync(_prompt);

    [Benchmark(Description = "bare, streamed")]
    public Task<int> BareStreamed() => CountAsync(_bare);

    [Benchmark(Description = "wrapped, streamed")]
    public Task<int> WrappedStreamed() => CountAsync(_wrapped);

    private async Task<int> CountAsync(IChatClient client)
    {
        var count = 0;
        await foreach (var _ in client.GetStreamingResponseAsync(_prompt))
        {
            count++;
        }

        return count;
    }

    private sealed class InMemoryModel : IChatClient
    {
        private readonly ChatResponse _response = new(new ChatMessage(ChatRole.Assistant, "Hi.")) { FinishReason = ChatFinishReason.Stop };

        private readonly ChatResponseUpdate[] _updates =
        [
            .. Enumerable.Repeat(0, Updates - 1).Select(_ => new ChatResponseUpdate(ChatRole.Assistant, "word ")),
            new(ChatRole.Assistant, "end.") { FinishReason = ChatFinishReason.Stop },
        ];

        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(_response);

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages,
            ChatOptions? options = null,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.CompletedTask;
            foreach (var update in _updates)
            {
                yield return update;
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Holds nothing; IChatClient asks for it.
        }
    }
}
