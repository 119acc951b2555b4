using System.Globalization;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers;

/// <summary>How long a provider asked us to wait, in each of the ways they say it.</summary>
public sealed class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, string?, double?> Forms => new()
    {
        { "20", null, 20 },
        { "0", null, 0 },
        { Now.AddSeconds(90).ToString("r", CultureInfo.InvariantCulture), null, 90 },
        { Now.AddSeconds(-90).ToString("r", CultureInfo.InvariantCulture), null, 0 },
        { "", "1500", 1.5 },
        { "2", "1500", 1.5 },
        { "2", "soon", 2 },
        { "2", "-1", 2 },
        { "2", "NaN", 2 },
        { "soon", null, null },
        { "-5", null, null },
        { "", null, null },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Every_form_is_understood(string retryAfter, string? milliseconds, double? seconds)
    {
        await using var server = await ScriptedModelServer.StartAsync();
        var headers = new Dictionary<string, string>();
        if (retryAfter.Length > 0)
        {
            headers["Retry-After"] = retryAfter;
        }

        if (milliseconds is not null)
        {
            headers["retry-after-ms"] = milliseconds;
        }

        server.RespondWith(_ => ModelReply.Status(429) with { Headers = headers });
        await using var providers = TestProviders.With(
            services => services.AddSingleton<TimeProvider>(new FakeTimeProvider(Now)),
            $"Providers__vllm__Endpoint={server.Endpoint}",
            "Providers__vllm__RetryAttempts=0");

        var thrown = await Assert.ThrowsAsync<ProviderException>(() => providers.Client("vllm:m").GetResponseAsync("Hello"));

        Assert.Equal(seconds, thrown.RetryAfter?.TotalSeconds);
    }
}
