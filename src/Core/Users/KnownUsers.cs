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
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    private readonly RecentAnswers<Owner, UserRecord> _known = new(store.FindAsync, Lifetime, Patience, time);

    public ValueTask<UserRecord> FindAsync(Owner user, CancellationToken cancellationToken) => _known.FindAsync(user, cancellationToken);

    /// <summary>Asks anew when the user comes next.</summary>
    public void Forget(Owner user) => _known.Forget(user);
}
