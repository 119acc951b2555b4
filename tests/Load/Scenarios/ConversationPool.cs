using System.Collections.Concurrent;

namespace Yggdrasil.Load.Scenarios;

/// <summary>
/// The conversations of one user that wait for their next turn. One that is being continued is not in here: a second run in
/// it at the same time would be refused, and a person does not do that either.
/// </summary>
/// <param name="turns">After so many turns a conversation is over.</param>
internal sealed class ConversationPool(int turns)
{
    private readonly ConcurrentStack<Turn> _waiting = new();

    /// <summary>The conversation to go on with, or a new one.</summary>
    public Turn Take() => _waiting.TryPop(out var turn) ? turn : new Turn($"load-{Guid.NewGuid():N}", 0);

    /// <summary>Gives a conversation back after a turn that worked; one whose turn failed is left alone.</summary>
    public void GiveBack(Turn turn)
    {
        if (turn.Number + 1 < turns)
        {
            _waiting.Push(turn with { Number = turn.Number + 1 });
        }
    }

    /// <param name="ConversationId">Whose turn it is.</param>
    /// <param name="Number">Counts from 0.</param>
    internal sealed record Turn(string ConversationId, int Number);
}
