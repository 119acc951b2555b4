using System.Text.Json;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Limits;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Users;

namespace Yggdrasil.Operations.UserData;

/// <summary>Operations of admins on the users of their own tenant.</summary>
public sealed partial class UserService
{
    private readonly UserStore _store;
    private readonly KnownUsers _known;
    private readonly ActivitySlots _activities;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal UserService(UserStore store, KnownUsers known, ActivitySlots activities, TimeProvider time, ILogger<UserService> logger)
    {
        _store = store;
        _known = known;
        _activities = activities;
        _time = time;
        _logger = logger;
    }

    /// <summary>Refuses the user from now on: here at once, on other instances within 30 s.</summary>
    /// <exception cref="ForbiddenException">The caller is no admin.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="userId"/> cannot be a user id.</exception>
    /// <exception cref="ConflictException">An admin tried to lock themselves out.</exception>
    public async Task DisableAsync(Caller caller, string userId, CancellationToken cancellationToken)
    {
        var user = AccessPolicy.RequireAdmin(caller, userId, "id");
        if (user == caller.Owner)
        {
            throw new ConflictException("You cannot disable yourself: another admin has to.");
        }

        await _store.DisableAsync(user, caller.Owner.User, _time.GetUtcNow(), cancellationToken);
        _known.Forget(user);
        LogDisabled(user.Partition, caller.Owner.Partition);
    }

    /// <summary>Takes <see cref="DisableAsync"/> back: what waited here goes on at once, elsewhere within minutes. A user that the
    /// configuration disables stays so.</summary>
    /// <exception cref="ForbiddenException">The caller is no admin.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="userId"/> cannot be a user id.</exception>
    public async Task EnableAsync(Caller caller, string userId, CancellationToken cancellationToken)
    {
        var user = AccessPolicy.RequireAdmin(caller, userId, "id");
        await _store.EnableAsync(user, cancellationToken);
        _known.Forget(user);
        await _activities.ReleaseAsync(user.Partition);
        LogEnabled(user.Partition, caller.Owner.Partition);
    }

    /// <summary>Gives a user limits of the user's own: here at once, on other instances within 30 s.</summary>
    /// <param name="limits">All of them; for what is absent the tenant's and everybody's count.</param>
    /// <exception cref="ForbiddenException">The caller is no admin.</exception>
    /// <exception cref="InvalidRequestException">
    /// <paramref name="userId"/> cannot be a user id, or a limit is out of its range.
    /// </exception>
    public async Task SetLimitsAsync(Caller caller, string userId, UsageLimits limits, CancellationToken cancellationToken)
    {
        var user = AccessPolicy.RequireAdmin(caller, userId, "id");
        var errors = new FieldErrors();
        foreach (var (member, rule) in limits.Problems())
        {
            errors.Add(JsonNamingPolicy.CamelCase.ConvertName(member), $"It {rule}");
        }

        errors.ThrowIfAny();
        await _store.SetLimitsAsync(user, limits, caller.Owner.User, _time.GetUtcNow(), cancellationToken);
        _known.Forget(user);
        LogLimited(user.Partition, caller.Owner.Partition);
    }

    /// <summary>The user's own limits, as an admin gave them.</summary>
    /// <exception cref="ForbiddenException">The caller is no admin.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="userId"/> cannot be a user id.</exception>
    public async Task<UsageLimits> GetLimitsAsync(Caller caller, string userId, CancellationToken cancellationToken)
    {
        var user = AccessPolicy.RequireAdmin(caller, userId, "id");
        return (await _store.FindAsync(user, cancellationToken)).Limits;
    }

    [LoggerMessage(3113, LogLevel.Information, "The limits of user {User} were set by {Admin}")]
    private partial void LogLimited(string user, string admin);

    [LoggerMessage(3111, LogLevel.Information, "User {User} was disabled by {Admin}")]
    private partial void LogDisabled(string user, string admin);

    [LoggerMessage(3112, LogLevel.Information, "User {User} was enabled by {Admin}")]
    private partial void LogEnabled(string user, string admin);
}
