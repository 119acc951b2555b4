namespace Yggdrasil.Operations.Health.Probes;

/// <summary>Looks at one dependency, by a request that costs nothing. What it throws is a failure like what it answers.</summary>
internal interface IHealthProbe
{
    string Name { get; }

    /// <summary>What it means for the app when this fails.</summary>
    HealthStatus WhenFailing { get; }

    /// <summary>How long it is waited for.</summary>
    TimeSpan Patience => TimeSpan.FromSeconds(10);

    Task<ProbeOutcome> CheckAsync(CancellationToken cancellationToken);
}

/// <param name="Answers">Whether it does what it is there for.</param>
/// <param name="Detail">In words for operators: names, states and counts.</param>
internal readonly record struct ProbeOutcome(bool Answers, string Detail)
{
    public static ProbeOutcome Good(string detail = "It answers.") => new(true, detail);

    public static ProbeOutcome Bad(string detail) => new(false, detail);
}

/// <summary>Whether the orchestration backend works: the seam to whatever runs orchestrations.</summary>
public interface IOrchestrationCanary
{
    /// <summary>Starts an orchestration of one activity and waits until it has ended.</summary>
    /// <exception cref="OperationCanceledException">It has not ended in time.</exception>
    Task RunAsync(CancellationToken cancellationToken);
}
