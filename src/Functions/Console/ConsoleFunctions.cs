using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Identity.Authentication;

namespace Yggdrasil.Functions.Console;

/// <summary>The console: static files that call the API as any other client does. Strangers may load them; they hold nothing of anybody's.</summary>
/// <remarks>The Functions host tries routes in the order of their functions' names, so the function of all other files has the later name.</remarks>
public sealed class ConsoleFunctions(IOptions<ConsoleOptions> console, IOptions<AuthOptions> auth, IHostEnvironment environment)
{
    /// <summary>Where the page is; its own addresses are relative to it.</summary>
    internal const string Root = "/console/";

    private const string Brotli = "br";

    /// <summary>How the page is to sign its user in.</summary>
    [Function(nameof(GetConsoleConfig))]
    public IResult GetConsoleConfig([HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "console/config.json")] HttpRequest request)
    {
        RequireEnabled();
        RequestHeaders.RejectOtherQuery(request);
        ConsoleHeaders.Write(request.HttpContext.Response, Authority);
        return Answers.Json(new ConsoleConfig(
            auth.Value.Mode == AuthOptions.DevelopmentMode,
            Authority,
            IsSignInOn ? console.Value.ClientId : null,
            IsSignInOn ? console.Value.ScopesFor(auth.Value.Authority!, auth.Value.Audience!) : null));
    }

    [Function(nameof(GetConsoleFile))]
    public IResult GetConsoleFile(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "console/{*path}")] HttpRequest request, string? path)
    {
        RequireEnabled();
        if (!request.Path.StartsWithSegments("/console", out var rest) || !rest.HasValue)
        {
            return Results.Redirect(Root);
        }

        var file = ConsoleFiles.Find(path ?? "") ?? throw new NotFoundException("The console has no such file. It begins at /console/.");
        var response = request.HttpContext.Response;
        ConsoleHeaders.Write(response, Authority);
        response.Headers.CacheControl = "no-cache";
        response.Headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        if (!TakesBrotli(request))
        {
            return Results.Bytes(file.Content, file.MediaType, entityTag: new EntityTagHeaderValue($"\"{file.Tag}\""));
        }

        response.Headers.ContentEncoding = Brotli;
        return Results.Bytes(file.Compressed, file.MediaType, entityTag: new EntityTagHeaderValue($"\"{file.Tag}-{Brotli}\""));
    }

    /// <summary>Whether the console is served: where users can sign in, and on developers' machines.</summary>
    internal static bool IsEnabled(ConsoleOptions console, IHostEnvironment environment) => console.ClientId is { Length: > 0 } || environment.IsDevelopment();

    private bool IsSignInOn => auth.Value.Mode == AuthOptions.JwtMode && console.Value.ClientId is { Length: > 0 };

    private string? Authority => IsSignInOn ? auth.Value.Authority : null;

    private void RequireEnabled()
    {
        if (!IsEnabled(console.Value, environment))
        {
            throw new NotFoundException("The console is off. Its operator turns it on with Console__ClientId.");
        }
    }

    private static bool TakesBrotli(HttpRequest request) =>
        StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptEncoding, out var encodings)
        && encodings.Any(encoding => encoding.Value.Equals(Brotli, StringComparison.OrdinalIgnoreCase) && encoding.Quality is null or > 0);

    /// <param name="Development">No sign-in: whoever asks is the anonymous user, or names a development user.</param>
    private sealed record ConsoleConfig(bool Development, string? Authority, string? ClientId, IReadOnlyList<string>? Scopes);
}
