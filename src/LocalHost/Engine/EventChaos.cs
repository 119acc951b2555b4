namespace Yggdrasil.LocalHost.Engine;

/// <summary>Decides what becomes of a raised event (<see cref="ChaosOptions"/>).</summary>
internal sealed partial class EventChaos(ChaosOptions options, ILogger logger)
{
    private int _toDrop = options.DropNextEvents;

    public TimeSpan Delay => options.DelayEvent;

    public bool Drops(string instanceId, string eventName)
    {
        var drops = string.Equals(eventName, options.DropEventName, StringComparison.OrdinalIgnoreCase)
            || (Volatile.Read(ref _toDrop) > 0 && Interlocked.Decrement(ref _toDrop) >= 0)
            || (options.DropEventRate > 0 && Random.Shared.NextDouble() < options.DropEventRate);
        if (drops)
        {
            LogDropped(logger, eventName, instanceId);
        }

        return drops;
    }

    [LoggerMessage(7020, LogLevel.Warning, "Chaos: event {Event} to {InstanceId} was dropped on purpose")]
    private static partial void LogDropped(ILogger logger, string @event, string instanceId);
}
