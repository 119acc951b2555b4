namespace Yggdrasil.LocalHost.Tests.Upgrades;

/// <summary>The system's time, moved: the day after the recording, whenever the test runs.</summary>
internal sealed class ShiftedTime(TimeSpan by) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
}
