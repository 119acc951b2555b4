using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;

namespace Yggdrasil.Fixtures;

/// <summary>An OpenTelemetry collector (OTLP, http/protobuf) that keeps all it is sent. Outlives the processes that send.</summary>
public sealed class TelemetryCollector : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _received = new();
    private LoopbackServer _server = null!;

    private TelemetryCollector()
    {
    }

    /// <summary>Everything received, as it was on the wire.</summary>
    public IReadOnlyCollection<(string Path, byte[] Body)> Received => [.. _received];

    /// <summary>Spans that have ended, in the order of their arrival.</summary>
    public IReadOnlyList<CollectedSpan> Spans =>
    [
        .. from resource in Requests("/v1/traces")
           from scope in resource.Messages(2)
           from span in scope.Messages(2)
           select new CollectedSpan(
               span.Text(5), span.Hex(1), span.Hex(2), span.Hex(4), Attributes(span, 9),
               [.. span.Messages(13).Select(link => link.Hex(1))], span.Message(15)?.Number(3) == 2, span.Message(15)?.Text(2) ?? ""),
    ];

    public IReadOnlySet<string> MetricNames => Metrics.Select(metric => metric.Text(1)).ToHashSet();

    public IReadOnlyList<CollectedLog> Logs =>
    [
        .. from resource in Requests("/v1/logs")
           from scope in resource.Messages(2)
           from log in scope.Messages(2)
           select new CollectedLog(log.Message(5)?.Text(1) ?? "", log.Hex(9), Attributes(log, 6)),
    ];

    /// <summary>The settings with which LocalHost sends here, without delay.</summary>
    public IEnumerable<KeyValuePair<string, string>> Settings =>
    [
        new("Telemetry__Otlp__Endpoint", _server.Address.ToString()),
        new("Telemetry__Otlp__Protocol", "http/protobuf"),
        new("OTEL_BSP_SCHEDULE_DELAY", "100"),
        new("OTEL_BLRP_SCHEDULE_DELAY", "100"),
        new("OTEL_METRIC_EXPORT_INTERVAL", "500"),
    ];

    public static async Task<TelemetryCollector> StartAsync()
    {
        var collector = new TelemetryCollector();
        collector._server = await LoopbackServer.StartAsync(collector.ReceiveAsync);
        return collector;
    }

    /// <summary>Waits until something has arrived.</summary>
    public Task WaitAsync(Func<TelemetryCollector, bool> condition) => Poll.UntilAsync(() => condition(this));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>The dimensions of all points of a metric, each as <c>name=value</c>, sorted.</summary>
    public IReadOnlySet<string> Dimensions(string metric) =>
    (
        from found in Metrics.Where(candidate => candidate.Text(1) == metric)
        from kind in (int[])[5, 7, 9]
        from data in found.Messages(kind)
        from point in data.Messages(1)
        select string.Join(' ', Attributes(point, kind == 9 ? 9 : 7).Select(pair => $"{pair.Key}={pair.Value}").Order(StringComparer.Ordinal))).ToHashSet();

    private IEnumerable<Protobuf> Metrics =>
        from resource in Requests("/v1/metrics")
        from scope in resource.Messages(2)
        from metric in scope.Messages(2)
        select metric;

    private IEnumerable<Protobuf> Requests(string path) =>
        _received.Where(request => request.Path == path).SelectMany(request => new Protobuf(request.Body).Messages(1));

    private static Dictionary<string, string> Attributes(Protobuf message, int field)
    {
        var attributes = new Dictionary<string, string>();
        foreach (var pair in message.Messages(field))
        {
            var value = pair.Message(2);
            attributes[pair.Text(1)] = value?.Text(1) is { Length: > 0 } text ? text : $"{value?.Number(2) ?? value?.Number(3)}";
        }

        return attributes;
    }

    private async Task ReceiveAsync(HttpContext http, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, cancellationToken);
        _received.Enqueue((http.Request.Path, body.ToArray()));
        http.Response.ContentType = "application/x-protobuf";
    }
}

/// <param name="Links">The traces it is linked to.</param>
public sealed record CollectedSpan(
    string Name, string TraceId, string SpanId, string ParentId, IReadOnlyDictionary<string, string> Attributes,
    IReadOnlyList<string> Links, bool IsError, string StatusDescription)
{
    public override string ToString() => $"{Name} {SpanId} in {ParentId}: {string.Join(", ", Attributes)}";
}

public sealed record CollectedLog(string Body, string TraceId, IReadOnlyDictionary<string, string> Attributes);
