using Yggdrasil.Problems;
using Yggdrasil.Security;

namespace Yggdrasil.Functions.Http;

/// <summary>The authenticated caller of a request, as the middleware established it.</summary>
internal static class HttpCaller
{
    private static readonly object Key = new();

    public static void SetCaller(this HttpContext http, Caller caller) => http.Items[Key] = caller;

    /// <exception cref="UnauthenticatedException">The function is reachable without authentication but asked for its caller.</exception>
    public static Caller Caller(this HttpRequest request) =>
        request.HttpContext.Items[Key] as Caller ?? throw new UnauthenticatedException("This request carries no credentials.");
}
