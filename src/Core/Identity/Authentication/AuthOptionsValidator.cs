using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Yggdrasil.Identity.Authentication;

/// <summary>Finds every problem of the <c>Auth</c> settings, so that the host refuses to start and names all of them.</summary>
internal sealed class AuthOptionsValidator(IHostEnvironment environment, IConfiguration configuration) : IValidateOptions<AuthOptions>
{
    private const string AzureInstance = "WEBSITE_INSTANCE_ID";

    // Microsoft's names for "any tenant": their discovery document names no issuer of its own.
    private static readonly string[] MultiTenantSegments = ["common", "organizations", "consumers"];

    public ValidateOptionsResult Validate(string? name, AuthOptions options)
    {
        var problems = ModeProblems(options).Concat(ListProblems(options)).ToList();
        return problems.Count > 0 ? ValidateOptionsResult.Fail(problems) : ValidateOptionsResult.Success;
    }

    private IEnumerable<string> ModeProblems(AuthOptions options) => options.Mode switch
    {
        AuthOptions.DevelopmentMode => DevelopmentProblems(options),
        AuthOptions.JwtMode => JwtProblems(options),
        _ => [$"Auth__Mode must be \"{AuthOptions.JwtMode}\" or, on a developer's machine, \"{AuthOptions.DevelopmentMode}\"."],
    };

    private IEnumerable<string> DevelopmentProblems(AuthOptions options)
    {
        if (!environment.IsDevelopment())
        {
            yield return $"Auth__Mode \"Development\" works in the Development environment only; this is {environment.EnvironmentName}.";
        }

        if (!string.IsNullOrEmpty(configuration[AzureInstance]))
        {
            yield return $"Auth__Mode \"Development\" must not be used in Azure ({AzureInstance} is set).";
        }

        if (!string.IsNullOrEmpty(options.Authority))
        {
            yield return "Auth__Authority has no effect with Auth__Mode \"Development\": remove one of them.";
        }

        if (options.AnonymousUser is { } user && !DevelopmentAuthentication.IsUser(user))
        {
            yield return "Auth__AnonymousUser must be [A-Za-z0-9._@-]{1,64}.";
        }
    }

    private IEnumerable<string> JwtProblems(AuthOptions options)
    {
        if (AuthorityProblem(options) is { } problem)
        {
            yield return problem;
        }

        if (string.IsNullOrWhiteSpace(options.Audience))
        {
            yield return "Auth__Audience must be the audience of this service's access tokens, such as api://<application id>.";
        }

        if (string.IsNullOrWhiteSpace(options.UserClaim))
        {
            yield return "Auth__UserClaim must name a claim, such as oid or sub.";
        }

        if (string.IsNullOrWhiteSpace(options.RoleClaim))
        {
            yield return "Auth__RoleClaim must name a claim, such as roles.";
        }

        if (options.KeyRefreshSeconds is < 2 or > 3600)
        {
            yield return "Auth__KeyRefreshSeconds must be between 2 and 3600.";
        }
    }

    private string? AuthorityProblem(AuthOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.Authority))
        {
            return "Auth__Authority must be the address of an OpenID Connect issuer, such as https://login.microsoftonline.com/<tenant id>/v2.0" +
                   " (or set Auth__Mode to \"Development\" on a developer's machine).";
        }

        if (!Uri.TryCreate(options.Authority, UriKind.Absolute, out var authority)
            || (authority.Scheme != Uri.UriSchemeHttps && authority.Scheme != Uri.UriSchemeHttp)
            || authority.Query.Length > 0 || authority.Fragment.Length > 0 || authority.UserInfo.Length > 0)
        {
            return "Auth__Authority must be an absolute https address without user, query and fragment.";
        }

        if (authority.Scheme == Uri.UriSchemeHttp && !(environment.IsDevelopment() && authority.IsLoopback))
        {
            return "Auth__Authority must be an https address (http works for loopback only, in the Development environment).";
        }

        return options.AllowedTenants.Count == 0 && authority.Segments.Any(segment => MultiTenantSegments.Contains(segment.Trim('/'), StringComparer.OrdinalIgnoreCase))
            ? "Auth__AllowedTenants__0 must name a tenant: Auth__Authority issues tokens of every tenant."
            : null;
    }

    private static IEnumerable<string> ListProblems(AuthOptions options) =>
    [
        .. BlankItems("AllowedTenants", options.AllowedTenants),
        .. BlankItems("RequiredRoles", options.RequiredRoles),
        .. BlankItems("DisabledUsers", options.DisabledUsers),
        .. from scope in options.RequiredScopes.Index()
           where string.IsNullOrEmpty(scope.Item) || scope.Item.Any(char.IsWhiteSpace)
           select $"Auth__RequiredScopes__{scope.Index} must be one scope, without spaces.",
    ];

    // An empty item would match what an issuer left empty.
    private static IEnumerable<string> BlankItems(string setting, IList<string> items) =>
        from item in items.Index()
        where string.IsNullOrWhiteSpace(item.Item)
        select $"Auth__{setting}__{item.Index} must not be empty.";
}
