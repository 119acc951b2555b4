using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Moq;
using Yggdrasil.Hosting;
using Yggdrasil.Identity.Authentication;

namespace Yggdrasil.Tests.Security.Authentication;

/// <summary>Settings as an operator writes them, through the product's own registration.</summary>
public sealed class AuthOptionsTests
{
    private const string Authority = "https://login.example/tenant/v2.0";

    public static TheoryData<string, string, string[]> Invalid => new()
    {
        // environment, settings, what each problem begins with
        { "Production", "", ["Auth__Authority must be", "Auth__Audience must be"] },
        { "Development", "", ["Auth__Authority must be", "Auth__Audience must be"] },
        { "Production", "Mode=None", ["Auth__Mode must be"] },
        { "Production", "Mode=", ["Auth__Authority must be", "Auth__Audience must be"] },
        { "Production", "Mode=development", ["Auth__Mode must be"] },
        { "Production", "Mode=Development", ["Auth__Mode \"Development\" works in the Development environment only; this is Production."] },
        { "Staging", "Mode=Development;WEBSITE_INSTANCE_ID=1", ["Auth__Mode \"Development\" works", "Auth__Mode \"Development\" must not be used in Azure"] },
        { "Development", "Mode=Development;WEBSITE_INSTANCE_ID=1", ["Auth__Mode \"Development\" must not be used in Azure"] },
        { "Development", $"Mode=Development;Authority={Authority}", ["Auth__Authority has no effect"] },
        { "Development", "Mode=Development;AnonymousUser=a b", ["Auth__AnonymousUser must be"] },
        { "Production", "Authority=login.example;Audience=a", ["Auth__Authority must be an absolute https address"] },
        { "Production", "Authority=ftp://login.example;Audience=a", ["Auth__Authority must be an absolute https address"] },
        { "Production", "Authority=https://login.example?p=1;Audience=a", ["Auth__Authority must be an absolute https address"] },
        { "Production", "Authority=https://me:secret@login.example;Audience=a", ["Auth__Authority must be an absolute https address"] },
        { "Production", "Authority=http://login.example;Audience=a", ["Auth__Authority must be an https address"] },
        { "Production", "Authority=http://127.0.0.1:1;Audience=a", ["Auth__Authority must be an https address"] },
        { "Development", "Authority=http://login.example;Audience=a", ["Auth__Authority must be an https address"] },
        { "Production", "Authority=https://login.example/common/v2.0;Audience=a", ["Auth__AllowedTenants__0 must name a tenant"] },
        { "Production", "Authority=https://login.example/Organizations/;Audience=a", ["Auth__AllowedTenants__0 must name a tenant"] },
        {
            "Production",
            $"Authority={Authority};UserClaim= ;RoleClaim= ;KeyRefreshSeconds=1;AllowedTenants:0= ;RequiredRoles:0= ;RequiredScopes:0=a b;DisabledUsers:0= ",
            [
                "Auth__Audience must be", "Auth__UserClaim must name", "Auth__RoleClaim must name", "Auth__KeyRefreshSeconds must be", "Auth__AllowedTenants__0 must",
                "Auth__RequiredRoles__0 must", "Auth__DisabledUsers__0 must", "Auth__RequiredScopes__0 must",
            ]
        },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Problems_are_named_all_at_once_by_their_full_names(string environment, string settings, string[] problems)
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Read(environment, settings));

        Assert.Equal(problems.Length, failure.Failures.Count());
        Assert.All(problems, problem => Assert.Single(failure.Failures, found => found.StartsWith(problem, StringComparison.Ordinal)));
        Assert.DoesNotContain("secret", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Production", $"Authority={Authority};Audience=a", AuthOptions.JwtMode)]
    [InlineData("Development", $"Authority={Authority};Audience=a", AuthOptions.JwtMode)]
    [InlineData("Development", "Authority=http://localhost:1;Audience=a", AuthOptions.JwtMode)]
    [InlineData("Production", "Authority=https://login.example/common/v2.0;Audience=a;AllowedTenants:0=t", AuthOptions.JwtMode)]
    [InlineData("Development", "Mode=Development;AnonymousUser=local", AuthOptions.DevelopmentMode)]
    public void Valid_settings_are_taken(string environment, string settings, string mode) =>
        Assert.Equal(mode, Read(environment, settings).Mode);

    private static AuthOptions Read(string environment, string settings)
    {
        var values = settings.Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Select(setting => setting.Split('=', 2))
            .ToDictionary(pair => pair[0].StartsWith("WEBSITE", StringComparison.Ordinal) ? pair[0] : $"Auth:{pair[0]}", string? (pair) => pair[1]);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
        var services = new ServiceCollection()
            .AddSingleton<IConfiguration>(configuration)
            .AddSingleton(Mock.Of<IHostEnvironment>(host => host.EnvironmentName == environment))
            .AddYggdrasil(configuration);
        using var provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<AuthOptions>>().Value;
    }
}
