namespace Yggdrasil.Limits;

/// <summary>A token bucket, kept as what was taken and has not come back: so it is full for any limit when nothing was.</summary>
/// <param name="Taken">Requests taken, as of <paramref name="At"/>.</param>
internal readonly record struct RateBucket(double Taken, DateTimeOffset At)
{
    // What is added and taken away in fractions does not come out whole.
    private const double Tolerance = 1e-6;

    /// <summary>Whether a request may be taken under <paramref name="perMinute"/>.</summary>
    public bool HasRoom(DateTimeOffset now, int perMinute) => TakenAt(now, perMinute) + 1 <= perMinute + Tolerance;

    /// <summary>With one request more. Without a limit nothing is remembered.</summary>
    public RateBucket Take(DateTimeOffset now, int? perMinute) =>
        perMinute is { } rate ? new(TakenAt(now, rate) + 1, now > At ? now : At) : default;

    /// <summary>How many requests may be taken at once.</summary>
    public int Remaining(DateTimeOffset now, int perMinute) =>
        Math.Max(0, (int)Math.Floor(perMinute - TakenAt(now, perMinute) + Tolerance));

    /// <summary>How long until a request may be taken.</summary>
    public TimeSpan UntilNext(DateTimeOffset now, int perMinute) =>
        TimeSpan.FromMinutes(Math.Max(0, TakenAt(now, perMinute) + 1 - perMinute) / perMinute);

    /// <summary>How long until the bucket is full.</summary>
    public TimeSpan UntilFull(DateTimeOffset now, int perMinute) => TimeSpan.FromMinutes(TakenAt(now, perMinute) / perMinute);

    // Clocks of instances differ: time that seems to run backwards brings nothing back.
    private double TakenAt(DateTimeOffset now, int perMinute) =>
        now <= At ? Taken : Math.Max(0, Taken - ((now - At).TotalMinutes * perMinute));
}
