namespace Yggdrasil.Operations.Health;

/// <summary>A dependency of the host without which an instance cannot serve.</summary>
public interface IReadinessCheck
{
    /// <returns>What is missing, in words for operators that hold no path and no message of the system; null when nothing is.</returns>
    string? FindProblem();
}
