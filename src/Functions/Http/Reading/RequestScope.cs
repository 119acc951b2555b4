using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;

namespace Yggdrasil.Functions.Http.Reading;

/// <summary>Whose resources a request names: the caller's, or those of <c>?userId=</c>, which admins may use.</summary>
internal static class RequestScope
{
    public const string UserId = "userId";

    /// <exception cref="InvalidRequestException"><c>userId</c> is no user id.</exception>
    /// <exception cref="ForbiddenException">It is another user, and the caller is no admin.</exception>
    public static Scope Scope(this HttpRequest request) =>
        AccessPolicy.ScopeOf(request.Caller(), request.Query.TryGetValue(UserId, out var user) ? user.ToString() : null);

    /// <summary>The caller's own resources, for what admins do not do for others.</summary>
    public static Scope OwnScope(this HttpRequest request) => AccessPolicy.ScopeOf(request.Caller(), userId: null);

    /// <summary>The query that leads an admin from an answer back to the same user's resources; empty for the caller's own.</summary>
    public static string ToQuery(this Scope scope) => scope.IsForAnother ? $"?{UserId}={Uri.EscapeDataString(scope.Owner.User)}" : "";
}
