namespace Yggdrasil.LocalHost.Engine;

/// <summary>Faults to inject on purpose (<c>LocalHost:Chaos:*</c>), so that tests meet what a cloud does now and then.</summary>
internal sealed record ChaosOptions
{
    /// <summary>Runs every activity twice, at the same time; the first result wins.</summary>
    public bool DeliverActivityTwice { get; init; }

    /// <summary>Drops this many raised events, beginning with the next one.</summary>
    public int DropNextEvents { get; init; }

    /// <summary>Drops every event of this name (in any case).</summary>
    public string? DropEventName { get; init; }

    /// <summary>Drops raised events with this probability, 0 to 1.</summary>
    public double DropEventRate { get; init; }

    /// <summary>Delivers raised events this much later; several delayed events keep their order.</summary>
    public TimeSpan DelayEvent { get; init; }
}
