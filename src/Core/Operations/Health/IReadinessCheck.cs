namespace Yggdrasil.Operations.Health;

/// <summary>Something of the host's own without which an instance cannot serve.</summary>
public interface IReadinessCheck
{
    /// <returns>What is missing, in words for operators that hold no path and no message of the system; null when nothing is.</returns>
    string? FindProblem();
}
