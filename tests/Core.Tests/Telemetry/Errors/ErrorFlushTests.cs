using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Identity;
using Yggdrasil.Operations.Errors;
using Yggdrasil.Operations.Health.Alerts;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Telemetry.Errors;

[Collection(SharedAzurite.Name)]
public sealed class ErrorFlushTests(AzuriteFixture azurite)
{
    private const int New = 8101;
    private const int Reappeared = 8102;
    private const int NotWritten = 8103;

    private static readonly Caller Operator = new(new Owner("t", "olga"), new HashSet<string> { Caller.OperatorRole });

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly ErrorFingerprint _kind = new("System.IO.IOException", "", $"Test/1 {Guid.NewGuid():N}");

    [Fact]
    public async Task Instances_add_up_and_one_of_them_tells_of_a_new_kind()
    {
        List<Instance> instances = [.. Enumerable.Range(0, 4).Select(_ => new Instance(azurite, _time))];
        foreach (var instance in instances)
        {
            for (var sighting = 0; sighting < 25; sighting++)
            {
                instance.Errors.Seen(_kind, "trace");
            }
        }

        await Task.WhenAll(instances.Select(instance => instance.Flush.FlushAsync(CancellationToken.None)));

        Assert.Equal(100, (await FindAsync(instances[0])).Count);
        Assert.Equal([New], instances.SelectMany(instance => instance.Log.EventIds));
    }

    [Fact]
    public async Task Storm_costs_a_read_and_a_write()
    {
        var instance = new Instance(azurite, _time);
        instance.Errors.Seen(_kind, traceId: null);
        await instance.Flush.FlushAsync(CancellationToken.None);
        for (var sighting = 0; sighting < 10_000; sighting++)
        {
            instance.Errors.Seen(_kind, traceId: null);
        }

        var before = instance.Requests.Count;
        await instance.Flush.FlushAsync(CancellationToken.None);

        Assert.Equal(2, instance.Requests.Count - before);
        Assert.Equal(10_001, (await FindAsync(instance)).Count);
    }

    [Fact]
    public async Task Resolved_kind_that_is_seen_again_is_open_again_and_told_once()
    {
        var (one, two) = (new Instance(azurite, _time), new Instance(azurite, _time));
        one.Errors.Seen(_kind, "first");
        await one.Flush.FlushAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromMinutes(1));
        await one.Service.ResolveAsync(Operator, _kind.Id, CancellationToken.None);
        Assert.True((await FindAsync(one)).IsResolved);

        _time.Advance(TimeSpan.FromMinutes(1));
        one.Errors.Seen(_kind, "second");
        two.Errors.Seen(_kind, "third");
        await Task.WhenAll(one.Flush.FlushAsync(CancellationToken.None), two.Flush.FlushAsync(CancellationToken.None));

        var error = await FindAsync(one);
        Assert.False(error.IsResolved);
        Assert.Equal((3, TimeSpan.FromMinutes(2)), (error.Count, error.LastSeen - error.FirstSeen));
        Assert.Equal([New, Reappeared], one.Log.EventIds.Concat(two.Log.EventIds).Order());
    }

    [Fact]
    public async Task Sighting_from_before_the_resolution_that_comes_late_does_not_open_it()
    {
        var (one, two) = (new Instance(azurite, _time), new Instance(azurite, _time));
        two.Errors.Seen(_kind, traceId: null);
        one.Errors.Seen(_kind, traceId: null);
        await one.Flush.FlushAsync(CancellationToken.None);
        _time.Advance(TimeSpan.FromMinutes(1));
        await one.Service.ResolveAsync(Operator, _kind.Id, CancellationToken.None);

        await two.Flush.FlushAsync(CancellationToken.None);

        var error = await FindAsync(one);
        Assert.Equal((true, 2L), (error.IsResolved, error.Count));
    }

    [Fact]
    public async Task What_storage_does_not_take_is_counted_later()
    {
        var instance = new Instance(azurite, _time);
        instance.Errors.Seen(_kind, traceId: null);
        instance.Requests.OnRequest = () => throw new IOException("Storage is away.");
        await instance.Flush.FlushAsync(CancellationToken.None);
        instance.Requests.OnRequest = () => { };
        instance.Errors.Seen(_kind, traceId: null);

        await instance.Flush.FlushAsync(CancellationToken.None);

        Assert.Equal(2, (await FindAsync(instance)).Count);
        Assert.Equal([NotWritten, New], instance.Log.EventIds);
    }

    [Fact]
    public async Task Kinds_that_nobody_has_seen_for_long_are_removed()
    {
        var instance = new Instance(azurite, _time);
        instance.Errors.Seen(_kind, traceId: null);
        await instance.Flush.FlushAsync(CancellationToken.None);

        await instance.Store.RemoveBeforeAsync(_time.GetUtcNow().AddTicks(1), CancellationToken.None);

        Assert.DoesNotContain(await instance.Store.ReadAsync(CancellationToken.None), error => error.Id == _kind.Id);
    }

    private async Task<TrackedError> FindAsync(Instance instance) =>
        (await instance.Store.ReadAsync(CancellationToken.None)).Single(error => error.Id == _kind.Id);

    /// <summary>An instance of the app, over the storage that all share.</summary>
    private sealed class Instance
    {
        public Instance(AzuriteFixture azurite, TimeProvider time)
        {
            (var storage, _, Requests) = azurite.Connect();
            Errors = new ErrorCounter(time);
            Store = new ErrorStore(storage, TestContention.Retries);
            var webhook = new AlertWebhook(new AlertOptions(), time, NullLogger<AlertWebhook>.Instance);
            Flush = new ErrorFlush(Errors, Store, webhook, time, Log);
            Service = new ErrorService(Store, time);
        }

        public RequestCount Requests { get; }

        public ErrorCounter Errors { get; }

        public ErrorStore Store { get; }

        public ErrorFlush Flush { get; }

        public ErrorService Service { get; }

        public RecordedLog<ErrorFlush> Log { get; } = new();
    }
}
