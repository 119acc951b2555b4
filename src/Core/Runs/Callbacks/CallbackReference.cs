namespace Yggdrasil.Runs.Callbacks;

/// <summary>Names a callback to its orchestration: ids only.</summary>
/// <param name="Partition">The owner's partition.</param>
/// <param name="Row">The key of the row that the callback is about.</param>
/// <param name="MessageId">The message's <c>webhook-id</c>, the same for every attempt.</param>
/// <param name="Attempt">The attempt that its orchestration begins with.</param>
public sealed record CallbackReference(string Partition, string Row, string MessageId, int Attempt = 1);

/// <summary>How an attempt ended. Serialized by Durable Functions.</summary>
/// <param name="RetryAfterSeconds">When to try again; null when there is nothing left to do.</param>
/// <param name="IsDeferred">There was no slot for the attempt, so it was not made.</param>
public sealed record CallbackOutcome(int? RetryAfterSeconds, bool IsDeferred = false)
{
    internal static readonly CallbackOutcome Done = new((int?)null);
}
