namespace Yggdrasil.Tests.Runs;

/// <summary>The system's time, ahead by some: another instance after a while, without the wait.</summary>
internal sealed class ShiftedTime(TimeSpan ahead) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + ahead;
}
