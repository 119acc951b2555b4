using System.Collections.Concurrent;
using Yggdrasil.Identity;

namespace Yggdrasil.Users;

/// <summary>What admins said of users, as this process last read it.</summary>
/// <remarks>
/// What the table says of a user, also that it says nothing, is believed for 20 s from before it was asked: with the bound on
/// asking, a change is in force on every instance within 30 s, for one request to storage per active user in that time.
/// When storage does not answer, the request fails: a disabled user must not get in because of an outage.
/// </remarks>
internal sealed class KnownUsers(UserStore store, TimeProvider time)
{
    private const int MaxKnown = 10_000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    private readonly ConcurrentDictionary<Owner, Answer> _known = new();

    public ValueTask<UserRecord> FindAsync(Owner user, CancellationToken cancellationToken)
    {
        if (!_known.TryGetValue(user, out var answer) || !IsUsable(answer))
        {
            // Two who come at once may both ask: that is harmless, and cheaper than a lock on every request.
            MakeRoom();
            _known[user] = answer = new Answer(time.GetTimestamp(), AskAsync(user));
        }

        return answer.Record.IsCompletedSuccessfully
            ? ValueTask.FromResult(answer.Record.Result)
            : new ValueTask<UserRecord>(answer.Record.WaitAsync(cancellationToken));
    }

    /// <summary>Asks anew when the user comes next.</summary>
    public void Forget(Owner user) => _known.TryRemove(user, out _);

    private bool IsUsable(Answer answer) =>
        !answer.Record.IsFaulted && !answer.Record.IsCanceled && time.GetElapsedTime(answer.AskedAt) < Lifetime;

    // Its own time limit and not the first asker's token: others wait for the same answer.
    private async Task<UserRecord> AskAsync(Owner user)
    {
        using var timeout = new CancellationTokenSource(Patience, time);
        return await store.FindAsync(user, timeout.Token);
    }

    private void MakeRoom()
    {
        if (_known.Count < MaxKnown)
        {
            return;
        }

        foreach (var (user, answer) in _known)
        {
            if (!IsUsable(answer))
            {
                _known.TryRemove(user, out _);
            }
        }

        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }
    }

    private sealed record Answer(long AskedAt, Task<UserRecord> Record);
}
