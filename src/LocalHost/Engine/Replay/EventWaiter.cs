using System.Text.Json;
using Microsoft.DurableTask;

namespace Yggdrasil.LocalHost.Engine.Replay;

/// <summary>A wait for an external event, whatever its payload's type.</summary>
internal abstract class EventWaiter
{
    public abstract Type EventType { get; }

    public abstract void Complete(string? data, DataConverter converter);
}

/// <summary>A wait for an external event with a payload of this type.</summary>
internal sealed class EventWaiter<T> : EventWaiter
{
    private readonly TaskCompletionSource<T> _source = new();

    public override Type EventType => typeof(T);

    public Task<T> Task => _source.Task;

    public void Cancel(CancellationToken cancellationToken) => _source.TrySetCanceled(cancellationToken);

    public override void Complete(string? data, DataConverter converter)
    {
        try
        {
            _source.TrySetResult(converter.Deserialize<T>(data)!);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            _source.TrySetException(e);
        }
    }
}
