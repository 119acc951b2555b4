using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers;

public sealed class ProviderMetricsTests
{
    [Fact]
    public async Task Pollys_events_and_the_outcomes_of_calls_are_measured()
    {
        await using var server = await ScriptedModelServer.StartAsync();
        server.Enqueue(ModelReply.Status(503)).RespondWith(_ => ModelReply.Text("Hi."));
        await using var providers = TestProviders.With(
            $"Providers__vllm__Endpoint={server.Endpoint}", "Providers__vllm__RetryAttempts=1", "Providers__vllm__BreakerFailures=2");
        using var events = new RecordedMeasurements(providers, "yggdrasil.provider.resilience.events");
        using var calls = new RecordedMeasurements(providers, "yggdrasil.provider.call.duration");
        var client = providers.Client("vllm:m");

        await client.GetResponseAsync("Hello");
        Assert.Contains("event=OnRetry yggdrasil.provider=vllm", events.Tags);
        Assert.DoesNotContain("event=OnCircuitOpened yggdrasil.provider=vllm", events.Tags);
        server.RespondWith(_ => ModelReply.Status(503));
        await Assert.ThrowsAsync<ProviderException>(() => client.GetResponseAsync("Hello"));

        Assert.Contains("event=OnCircuitOpened yggdrasil.provider=vllm", events.Tags);
        Assert.Equal(["yggdrasil.provider=vllm", "error.type=provider_unavailable yggdrasil.provider=vllm"], calls.Tags);
    }
}
