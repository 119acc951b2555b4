using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Yggdrasil.Problems;

namespace Yggdrasil.Security;

/// <summary>Believes <c>Bearer dev:&lt;user&gt;</c> and <c>Bearer dev:&lt;user&gt;:admin</c>. Refuses to exist outside of development.</summary>
public sealed partial class DevelopmentAuthentication : IAuthentication
{
    private const string Tenant = "dev";
    private const string AzureInstance = "WEBSITE_INSTANCE_ID";

    private readonly string? _anonymousUser;

    /// <exception cref="OptionsValidationException">The mode is not "Development", or this is not a development environment.</exception>
    public DevelopmentAuthentication(IOptions<AuthOptions> options, IHostEnvironment environment, IConfiguration configuration)
    {
        List<string> problems = [];
        if (options.Value.Mode != AuthOptions.DevelopmentMode)
        {
            problems.Add("Auth__Mode must be \"Development\".");
        }

        if (!environment.IsDevelopment())
        {
            problems.Add($"Auth__Mode \"Development\" works in the Development environment only; this is {environment.EnvironmentName}.");
        }

        if (!string.IsNullOrEmpty(configuration[AzureInstance]))
        {
            problems.Add($"Auth__Mode \"Development\" must not be used in Azure ({AzureInstance} is set).");
        }

        if (problems.Count > 0)
        {
            throw new OptionsValidationException(AuthOptions.Section, typeof(AuthOptions), problems);
        }

        _anonymousUser = options.Value.AnonymousUser;
    }

    public ValueTask<Caller> AuthenticateAsync(string? credentials, CancellationToken cancellationToken)
    {
        if (credentials is null && _anonymousUser is not null)
        {
            return ValueTask.FromResult(Create(_anonymousUser, admin: false));
        }

        var match = Credentials().Match(credentials ?? "");
        return match.Success
            ? ValueTask.FromResult(Create(match.Groups["user"].Value, match.Groups["admin"].Success))
            : throw new UnauthenticatedException("Send Authorization: Bearer dev:<user>, the user being [A-Za-z0-9._@-]{1,64}.");
    }

    private static Caller Create(string user, bool admin) =>
        new(new Owner(Tenant, user), new HashSet<string>(admin ? [Caller.AdminRole] : []));

    [GeneratedRegex(@"\A[Bb]earer dev:(?<user>[A-Za-z0-9._@-]{1,64})(?<admin>:admin)?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Credentials();
}
