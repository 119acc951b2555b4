namespace Yggdrasil.Client;

/// <summary>A run has ended in another way than <see cref="RunStatus.Completed"/>.</summary>
public sealed class RunNotCompletedException : Exception
{
    internal RunNotCompletedException(Run run)
        : base($"The run {run.Id} is {run.Status} ({run.StopReason}){(run.Error is { } error ? $": {error.Message}" : ".")}") => Run = run;

    /// <summary>The run.</summary>
    public Run Run { get; }
}
