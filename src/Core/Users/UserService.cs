using Microsoft.Extensions.Logging;
using Yggdrasil.Problems;
using Yggdrasil.Security;
using Yggdrasil.Security.Authorization;

namespace Yggdrasil.Users;

/// <summary>What admins do with the users of their own tenant.</summary>
public sealed partial class UserService
{
    private readonly UserStore _store;
    private readonly DisabledUsers _disabledUsers;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    internal UserService(UserStore store, DisabledUsers disabledUsers, TimeProvider time, ILogger<UserService> logger)
    {
        _store = store;
        _disabledUsers = disabledUsers;
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
        _disabledUsers.Forget(user);
        LogDisabled(user.Partition, caller.Owner.Partition);
    }

    /// <summary>Takes <see cref="DisableAsync"/> back. A user that the configuration disables stays so.</summary>
    /// <exception cref="ForbiddenException">The caller is no admin.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="userId"/> cannot be a user id.</exception>
    public async Task EnableAsync(Caller caller, string userId, CancellationToken cancellationToken)
    {
        var user = AccessPolicy.RequireAdmin(caller, userId, "id");
        await _store.EnableAsync(user, cancellationToken);
        _disabledUsers.Forget(user);
        LogEnabled(user.Partition, caller.Owner.Partition);
    }

    [LoggerMessage(3111, LogLevel.Information, "User {User} was disabled by {Admin}")]
    private partial void LogDisabled(string user, string admin);

    [LoggerMessage(3112, LogLevel.Information, "User {User} was enabled by {Admin}")]
    private partial void LogEnabled(string user, string admin);
}
