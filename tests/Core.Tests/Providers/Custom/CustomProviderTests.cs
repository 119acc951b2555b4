using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Yggdrasil.Models;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Custom;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Metering;

namespace Yggdrasil.Tests.Providers.Custom;

/// <summary>Providers that an application registers in code, seen through the pipeline that all providers have.</summary>
public sealed class CustomProviderTests : IDisposable
{
    private readonly ScriptedClient _client = new();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Model_of_a_registered_provider_is_asked_with_its_name_and_the_key_of_the_settings()
    {
        var asked = new List<ModelProviderContext>();
        await using var providers = TestProviders.With(
            services => services.AddModelProvider("Corp", context => { asked.Add(context); return _client; }), "Providers__corp__ApiKey=key-1");

        var answer = await providers.Client("corp:large-2").GetResponseAsync("Hello");

        Assert.Equal(("Hi.", ChatFinishReason.Stop), (answer.Text, answer.FinishReason));
        Assert.Equal(("large-2", "key-1"), (Assert.Single(asked).Model, asked[0].ApiKey));
        Assert.DoesNotContain("key-1", asked[0].ToString(), StringComparison.Ordinal);
        Assert.Contains("corp", providers.Clients.ProviderNames);
        Assert.True(providers.Get<IModelProviders>().Knows(new ModelId("corp", "m")));
    }

    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable, "provider_unavailable", 3)]
    [InlineData(HttpStatusCode.TooManyRequests, "provider_rate_limited", 3)]
    [InlineData(HttpStatusCode.BadRequest, "provider_rejected", 1)]
    [InlineData(HttpStatusCode.Unauthorized, "provider_credentials", 1)]
    public async Task Failure_with_a_status_is_classified_and_repeated_as_any_providers_and_costs_nothing(HttpStatusCode status, string code, int attempts)
    {
        _client.Fail = () => new HttpRequestException("secret of the vendor", inner: null, status);
        await using var providers = TestProviders.With(services => services.AddModelProvider("corp", _ => _client));
        var ledger = CallLedger.Begin();

        var failure = await Assert.ThrowsAsync<ProviderException>(() => providers.Client("corp:m").GetResponseAsync("Hello"));

        Assert.Equal((code, attempts), (failure.Code, _client.Calls));
        Assert.False(ledger.HasSent);
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failure_that_says_no_status_counts_as_sent_and_goes_to_the_next_model()
    {
        _client.Fail = () => new InvalidOperationException("odd");
        await using var providers = TestProviders.With(services => services.AddModelProvider("corp", _ => _client));
        var ledger = CallLedger.Begin();

        var answer = await providers.Client("corp:m", "demo:assistant").GetResponseAsync("Hello");

        Assert.NotEmpty(answer.Text);
        Assert.Equal(1, _client.Calls);
        Assert.Contains(ledger.Sent, call => call.Model.Provider == "corp");
    }

    [Fact]
    public async Task Answer_beyond_the_bound_is_cut()
    {
        _client.Texts = Enumerable.Repeat(new string('x', 1000), 3);
        await using var providers = TestProviders.With(
            services => services.AddModelProvider("corp", _ => _client), "Providers__corp__MaxAnswerKilobytes=2");

        var failure = await Assert.ThrowsAsync<ProviderException>(() => providers.Client("corp:m").GetResponseAsync("Hello"));

        Assert.Equal("answer_too_long", failure.Code);
    }

    [Fact]
    public async Task Factory_that_throws_fails_the_call_and_is_asked_again()
    {
        var calls = 0;
        await using var providers = TestProviders.With(
            services => services.AddModelProvider("corp", _ => ++calls == 1 ? throw new InvalidOperationException("no region") : _client));

        await Assert.ThrowsAsync<ProviderException>(() => providers.Client("corp:m").GetResponseAsync("Hello"));

        Assert.Equal("Hi.", (await providers.Client("corp:m").GetResponseAsync("Hello")).Text);
    }

    [Theory]
    [InlineData("openai", "is built in")]
    [InlineData("co:rp", "is no provider name")]
    [InlineData("", "is no provider name")]
    public void Name_that_cannot_be_one_is_refused_at_once(string name, string reason) =>
        Assert.Contains(reason, Assert.Throws<ArgumentException>(() => new ServiceCollection().AddModelProvider(name, _ => _client)).Message, StringComparison.Ordinal);

    [Fact]
    public void Name_that_is_taken_is_refused_at_once()
    {
        var services = new ServiceCollection().AddModelProvider("corp", _ => _client);

        Assert.Contains("added already", Assert.Throws<ArgumentException>(() => services.AddModelProvider("CORP", _ => _client)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_of_its_name_hold_but_for_those_of_the_wire()
    {
        await using var valid = TestProviders.With(services => services.AddModelProvider("corp", _ => _client), "Providers__corp__MaxConcurrency=3");
        await using var invalid = TestProviders.With(
            services => services.AddModelProvider("corp", _ => _client), "Providers__corp__Type=openai", "Providers__corp__Endpoint=https://models.example");

        var provider = valid.Get<IOptions<ModelProvidersOptions>>().Value.Providers["corp"];
        var problems = Assert.Throws<OptionsValidationException>(() => invalid.Get<IOptions<ModelProvidersOptions>>().Value).Failures.ToList();

        Assert.Equal((ProviderType.Custom, 3), (provider.Type, provider.MaxConcurrency));
        Assert.Collection(
            problems,
            type => Assert.StartsWith("Providers__corp__Type has no effect", type, StringComparison.Ordinal),
            endpoint => Assert.StartsWith("Providers__corp__Endpoint has no effect", endpoint, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Middleware_sees_each_attempt_at_each_model_the_first_added_outermost()
    {
        var seen = new List<string>();
        _client.Fail = () => _client.Calls == 1 ? new HttpRequestException("busy", inner: null, HttpStatusCode.ServiceUnavailable) : null;
        await using var providers = TestProviders.With(services => services
            .AddModelProvider("corp", _ => _client)
            .ConfigureChat((chat, model) => chat.Use(inner => new Noting(inner, $"first {model}", seen)))
            .ConfigureChat(chat => chat.Use((inner, container) => new Noting(inner, "second", container.GetRequiredService<TimeProvider>() is null ? [] : seen))));

        var answer = await providers.Client("corp:m").GetResponseAsync("Hello");
        await providers.Client("demo:assistant").GetResponseAsync("Hello");

        Assert.Equal("Hi.", answer.Text);
        Assert.Equal(["first corp:m", "second", "first corp:m", "second", "first demo:assistant", "second"], seen);
    }

    [Fact]
    public async Task Middleware_that_throws_is_a_failure_of_the_provider()
    {
        await using var providers = TestProviders.With(services => services
            .AddModelProvider("corp", _ => _client)
            .ConfigureChat(chat => chat.Use((_, _, _, _) => throw new InvalidOperationException("odd"))));

        var failure = await Assert.ThrowsAsync<ProviderException>(() => providers.Client("corp:m").GetResponseAsync("Hello"));

        Assert.Equal(("provider_unavailable", 0), (failure.Code, _client.Calls));
    }

    private sealed class ScriptedClient : IChatClient
    {
        public IEnumerable<string> Texts { get; set; } = ["H", "i."];

        public Func<Exception?> Fail { get; set; } = () => null;

        public int Calls { get; private set; }

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Every call is streamed.");

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            Calls++;
            await Task.Yield();
            if (Fail() is { } failure)
            {
                throw failure;
            }

            foreach (var text in Texts)
            {
                yield return new ChatResponseUpdate(ChatRole.Assistant, text);
            }
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Holds nothing.
        }
    }

    private sealed class Noting(IChatClient inner, string name, List<string> seen) : DelegatingChatClient(inner)
    {
        public override Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            seen.Add(name);
            return base.GetResponseAsync(messages, options, cancellationToken);
        }

        public override IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            seen.Add(name);
            return base.GetStreamingResponseAsync(messages, options, cancellationToken);
        }
    }
}
