using System.Text.Json.Nodes;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>The same under JWT authentication, with a real issuer whose tokens callers carry.</summary>
public sealed class JwtContractFixture : ContractFixture
{
    public const string OtherTenant = "tenant-3";

    public TokenIssuer Issuer { get; private set; } = null!;

    public override string Token(string user, params string[] roles) =>
        Issuer.Token(user, ("roles", new JsonArray([.. roles.Select(role => JsonValue.Create(role))])));

    public override async Task InitializeAsync()
    {
        Issuer = await TokenIssuer.StartAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await Issuer.DisposeAsync();
    }

    // No Auth__Mode: naming an issuer is enough, also over a settings file that says development mode.
    protected override IReadOnlyDictionary<string, string> AuthSettings() => new Dictionary<string, string>
    {
        ["Auth__Authority"] = Issuer.Authority,
        ["Auth__Audience"] = TokenIssuer.Audience,
        ["Auth__AllowedTenants__0"] = TokenIssuer.Tenant,
        ["Auth__AllowedTenants__1"] = OtherTenant,
        ["Auth__DisabledUsers__0"] = $"{TokenIssuer.Tenant}/fired",
        ["Auth__KeyRefreshSeconds"] = "2",
    };
}

[CollectionDefinition(Name)]
public sealed class JwtLocalHost : ICollectionFixture<JwtContractFixture>
{
    public const string Name = "contract with tokens";
}
