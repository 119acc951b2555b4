using System.Net;
using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers;

/// <summary>What other tests rely on in the test servers, where their own failure would not show it.</summary>
public sealed class TestServerTests
{
    [Fact]
    public async Task Effect_is_counted_before_it_is_answered_and_held_while_the_gate_is_shut()
    {
        await using var server = await EffectServer.StartAsync();
        using var http = new HttpClient { BaseAddress = server.Address };
        var gate = new Gate();
        server.RespondWith(_ => new EffectReply("done", Status: 201, Gate: gate));
        using var request = new HttpRequestMessage(HttpMethod.Post, "orders?x=1")
        {
            Content = new StringContent("one"),
            Headers = { { "Idempotency-Key", "run_1:t1c0" } },
        };

        var sending = http.SendAsync(request);
        var effect = await server.WaitForRequestAsync(1);

        Assert.False(sending.IsCompleted);
        Assert.Equal(("POST", "/orders", "one", "run_1:t1c0"), (effect.Method, effect.Path, effect.Body, effect.IdempotencyKey));
        gate.Open();
        using var response = await sending;
        Assert.Equal((HttpStatusCode.Created, "done"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        Assert.Equal((1, 0), (server.Count("POST", "/orders"), server.Count("GET", "/orders")));
    }

    [Fact]
    public async Task Scripted_server_takes_enqueued_replies_first_then_the_responder_and_refuses_without_either()
    {
        await using var server = await ScriptedModelServer.StartAsync();
        await using var providers = TestProviders.With($"Providers__vllm__Endpoint={server.Endpoint}");
        var client = providers.Client("vllm:m");
        server.Enqueue(ModelReply.Text("scripted"));

        Assert.Equal("scripted", (await client.GetResponseAsync("one")).Text);
        await Assert.ThrowsAsync<ProviderException>(() => client.GetResponseAsync("two"));
        server.RespondWith(request => ModelReply.Text($"{request.Number}: {request.LastUserText}"));
        Assert.Equal("3: three", (await client.GetResponseAsync("three")).Text);
    }

    [Fact]
    public async Task Scripted_server_lists_its_model()
    {
        await using var server = await ScriptedModelServer.StartAsync();
        using var http = new HttpClient();

        var models = await http.GetStringAsync(new Uri($"{server.Endpoint}/models"));

        Assert.Contains("\"scripted\"", models, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_holds_an_answer_can_still_be_stopped()
    {
        var server = await ScriptedModelServer.StartAsync();
        server.RespondWith(_ => ModelReply.Hang());
        await using var providers = TestProviders.With($"Providers__vllm__Endpoint={server.Endpoint}", "Providers__vllm__RetryAttempts=0");

        var asking = providers.Client("vllm:m").GetResponseAsync("Hello");
        await server.WaitForRequestAsync(1);
        await server.DisposeAsync();

        await Assert.ThrowsAsync<ProviderException>(() => asking);
    }
}
