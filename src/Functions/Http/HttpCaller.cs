using Yggdrasil.Problems;
using Yggdrasil.Security;

namespace Yggdrasil.Functions.Http;

/// <summary>The authenticated caller of a request, as the middleware established it.</summary>
internal static class HttpCaller
{
    private static readonly object Key = new();

    public static void SetCaller(this HttpContext http, Caller caller) => http.Items[Key] = caller;

    /// <summary>The caller, where one was established.</summary>
    public static Caller? FindCaller(this HttpContext http) => http.Items[Key] as Caller;

    /// <exception cref="UnauthenticatedException">The function is reachable without authentication but asked for its caller.</exception>
    public static Caller Caller(this HttpRequest request) =>
        request.HttpContext.FindCaller() ?? throw new UnauthenticatedException("This request carries no credentials.");
}
