using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Operations.Health;
using Yggdrasil.Protection.Secrets;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Security;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Health;

[Collection(SharedAzurite.Name)]
public sealed class HealthStateTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Whoever_asks_is_answered_within_two_seconds_although_storage_hangs()
    {
        await using var hanging = await LoopbackServer.StartAsync((_, cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken));
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var state = State(Connect($"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint={hanging.Address}a;BlobEndpoint={hanging.Address}a;QueueEndpoint={hanging.Address}a"), time);

        var asked = state.GetAsync(CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(2));
        var report = await asked.WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.Equal("checks", Assert.Single(report.Checks).Name);
    }

    [Fact]
    public async Task Instance_that_nobody_has_looked_at_yet_says_whether_it_is_ready()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2031, 5, 1, 12, 0, 0, TimeSpan.Zero));

        var report = await State(Connect(azurite.ConnectionString), time).GetAsync(CancellationToken.None);

        Assert.Equal((HealthStatus.Healthy, "ready"), (report.Status, Assert.Single(report.Checks).Name));
    }

    [Fact]
    public async Task Report_that_is_too_old_counts_no_longer()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2031, 6, 1, 12, 0, 0, TimeSpan.Zero));
        var state = State(Connect(azurite.ConnectionString), time);
        state.Learn(new HealthReport(time.GetUtcNow(), [new HealthCheck("queues", HealthStatus.Unhealthy, 1, "", time.GetUtcNow())]));

        Assert.Equal(HealthStatus.Unhealthy, (await state.GetAsync(CancellationToken.None)).Status);
        time.Advance(TimeSpan.FromMinutes(6));

        Assert.Equal("ready", Assert.Single((await state.GetAsync(CancellationToken.None)).Checks).Name);
    }

    [Fact]
    public async Task History_is_read_page_by_page_newest_first_over_the_change_of_days_and_what_is_old_goes()
    {
        var history = new HealthHistory(Connect(azurite.ConnectionString));
        var now = new DateTimeOffset(2032, 3, 10, 0, 1, 20, TimeSpan.Zero);
        DateTimeOffset[] times = [now.AddDays(-40), now.AddMinutes(-3), now.AddMinutes(-2), now.AddMinutes(-1), now];
        foreach (var time in times)
        {
            await history.AppendAsync(new HealthReport(time, [new HealthCheck("storage", HealthStatus.Healthy, 1.5, "Good.", time)]), CancellationToken.None);
        }

        var first = await history.ListAsync(3, after: null, now, CancellationToken.None);
        var second = await history.ListAsync(3, first.Next, now, CancellationToken.None);
        await history.RemoveOldAsync(now, CancellationToken.None);
        var old = await history.ListAsync(3, after: null, times[0].AddHours(1), CancellationToken.None);

        Assert.Equal([times[4], times[3], times[2]], first.Items.Select(report => report.CheckedAt));
        Assert.Equal([times[1]], second.Items.Select(report => report.CheckedAt));
        Assert.Null(second.Next);
        Assert.Empty(old.Items);
        Assert.True(HealthHistory.IsCursor(first.Next!));
    }

    private static StorageClients Connect(string connection) => new(new ConfigurationBuilder()
        .AddInMemoryCollection(new Dictionary<string, string?> { [StorageClients.Setting] = connection }).Build());

    private static HealthState State(StorageClients storage, TimeProvider time)
    {
        var secrets = new SettingSecrets(new ConfigurationBuilder().Build());
        var readiness = new Readiness(storage, secrets, TestKeys.Ring(TestKeys.New()), time, NullLogger<Readiness>.Instance);
        return new HealthState(new HealthHistory(storage), readiness, time);
    }
}
