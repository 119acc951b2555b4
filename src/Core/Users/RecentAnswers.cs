using System.Collections.Concurrent;

namespace Yggdrasil.Users;

/// <summary>What storage said of things lately, also that it said nothing, believed for a while.</summary>
/// <remarks>
/// An answer counts from before it was asked for. When storage does not answer, neither does this: nobody gets in because of an outage.
/// </remarks>
/// <param name="ask">Given its own time limit and not the first asker's token: others wait for the same answer.</param>
/// <param name="lifetime">How long an answer is believed.</param>
/// <param name="patience">How long storage is waited for.</param>
internal sealed class RecentAnswers<TKey, TAnswer>(
    Func<TKey, CancellationToken, Task<TAnswer>> ask, TimeSpan lifetime, TimeSpan patience, TimeProvider time)
    where TKey : notnull
{
    private const int MaxKnown = 10_000;

    private readonly ConcurrentDictionary<TKey, Answer> _known = new();

    public ValueTask<TAnswer> FindAsync(TKey key, CancellationToken cancellationToken)
    {
        if (!_known.TryGetValue(key, out var answer) || !IsUsable(answer))
        {
            // Two who come at once may both ask: that is harmless, and cheaper than a lock on every request.
            MakeRoom();
            _known[key] = answer = new Answer(time.GetTimestamp(), AskAsync(key));
        }

        return answer.Task.IsCompletedSuccessfully
            ? ValueTask.FromResult(answer.Task.Result)
            : new ValueTask<TAnswer>(answer.Task.WaitAsync(cancellationToken));
    }

    /// <summary>Asks anew next time.</summary>
    public void Forget(TKey key) => _known.TryRemove(key, out _);

    private bool IsUsable(Answer answer) =>
        !answer.Task.IsFaulted && !answer.Task.IsCanceled && time.GetElapsedTime(answer.AskedAt) < lifetime;

    private async Task<TAnswer> AskAsync(TKey key)
    {
        using var timeout = new CancellationTokenSource(patience, time);
        return await ask(key, timeout.Token);
    }

    private void MakeRoom()
    {
        if (_known.Count < MaxKnown)
        {
            return;
        }

        foreach (var (key, answer) in _known)
        {
            if (!IsUsable(answer))
            {
                _known.TryRemove(key, out _);
            }
        }

        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }
    }

    private sealed record Answer(long AskedAt, Task<TAnswer> Task);
}
