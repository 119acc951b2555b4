using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Yggdrasil.Security;

namespace Yggdrasil.Users;

/// <summary>Who is refused in spite of valid credentials: by configuration, or because an admin said so.</summary>
/// <remarks>
/// What the table says of a user, also that it says nothing, is believed for 20 s from before it was asked: with the bound on
/// asking, a change is in force on every instance within 30 s, for one request to storage per active user in that time.
/// When storage does not answer, the request fails: a disabled user must not get in because of an outage.
/// </remarks>
public sealed class DisabledUsers
{
    private const int MaxKnown = 10_000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    private readonly ConcurrentDictionary<Owner, Answer> _known = new();
    private readonly HashSet<string> _configured;
    private readonly UserStore _store;
    private readonly TimeProvider _time;

    internal DisabledUsers(IOptions<AuthOptions> options, UserStore store, TimeProvider time)
    {
        // Ids that differ in case only are one here: an entry in the wrong case must not leave the user enabled.
        _configured = options.Value.DisabledUsers.ToHashSet(StringComparer.OrdinalIgnoreCase);
        _store = store;
        _time = time;
    }

    public ValueTask<bool> ContainsAsync(Owner user, CancellationToken cancellationToken)
    {
        if (_configured.Count > 0 && (_configured.Contains(user.User) || _configured.Contains($"{user.Tenant}/{user.User}")))
        {
            return ValueTask.FromResult(true);
        }

        if (!_known.TryGetValue(user, out var answer) || !IsUsable(answer))
        {
            // Two who come at once may both ask: that is harmless, and cheaper than a lock on every request.
            MakeRoom();
            _known[user] = answer = new Answer(_time.GetTimestamp(), AskAsync(user));
        }

        return answer.IsDisabled.IsCompletedSuccessfully
            ? ValueTask.FromResult(answer.IsDisabled.Result)
            : new ValueTask<bool>(answer.IsDisabled.WaitAsync(cancellationToken));
    }

    /// <summary>Asks anew when the user comes next.</summary>
    internal void Forget(Owner user) => _known.TryRemove(user, out _);

    private bool IsUsable(Answer answer) =>
        !answer.IsDisabled.IsFaulted && !answer.IsDisabled.IsCanceled && _time.GetElapsedTime(answer.AskedAt) < Lifetime;

    // Its own time limit and not the first asker's token: others wait for the same answer.
    private async Task<bool> AskAsync(Owner user)
    {
        using var timeout = new CancellationTokenSource(Patience, _time);
        return await _store.IsDisabledAsync(user, timeout.Token);
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

    private sealed record Answer(long AskedAt, Task<bool> IsDisabled);
}
