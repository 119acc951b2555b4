using System.Text.Json.Nodes;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;

namespace Yggdrasil.Tests.Security.Authentication;

public sealed class JwtAuthenticationTests
{
    private const string Alice = "alice";

    [Theory]
    [InlineData("RS256")]
    [InlineData("PS256")]
    [InlineData("ES256")]
    public async Task Valid_token_of_an_allowed_algorithm_names_the_owner(string algorithm)
    {
        await using var jwt = await JwtHarness.StartAsync();
        jwt.Issuer.Rotate(algorithm == "ES256" ? TokenIssuerKey.Ec() : TokenIssuerKey.Rsa(algorithm));

        var caller = await jwt.AuthenticateAsync(jwt.Issuer.Token(Alice));

        Assert.Equal(new Owner(TokenIssuer.Tenant, Alice), caller.Owner);
        Assert.False(caller.IsOperator);
    }

    [Theory]
    [InlineData("bearer {0}")]
    [InlineData("BEARER {0}")]
    [InlineData("Bearer   {0} ")]
    public async Task Scheme_is_taken_in_any_case_and_spacing(string header)
    {
        await using var jwt = await JwtHarness.StartAsync();

        var caller = await jwt.SendAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, header, jwt.Issuer.Token(Alice)));

        Assert.Equal(Alice, caller.Owner.User);
    }

    [Fact]
    public async Task No_credentials_are_challenged_without_an_error()
    {
        await using var jwt = await JwtHarness.StartAsync();

        var problem = await Assert.ThrowsAsync<UnauthenticatedException>(() => jwt.SendAsync(null));

        Assert.Equal("Bearer", problem.Challenge);
    }

    [Fact]
    public async Task Configured_claims_name_user_and_roles()
    {
        await using var jwt = await JwtHarness.StartAsync(options => (options.UserClaim, options.RoleClaim) = ("sub", "groups"));

        var caller = await jwt.AuthenticateAsync(jwt.Issuer.Token(Alice, ("groups", new JsonArray("operator", "writers")), ("roles", "admin")));

        Assert.Equal("subject-of-alice", caller.Owner.User);
        Assert.Equal(["operator", "writers"], caller.Roles.Order());
    }

    [Fact]
    public async Task Issuer_without_tenants_gets_a_tenant_of_its_own_that_stays_the_same()
    {
        await using var one = await JwtHarness.StartAsync();
        await using var other = await JwtHarness.StartAsync();

        var first = await one.AuthenticateAsync(one.Issuer.Token(Alice, ("tid", null)));
        var again = await one.AuthenticateAsync(one.Issuer.Token("bob", ("tid", null)));
        var foreign = await other.AuthenticateAsync(other.Issuer.Token(Alice, ("tid", null)));

        Assert.Matches("^iss-[0-9a-f]{16}$", first.Owner.Tenant);
        Assert.Equal(first.Owner.Tenant, again.Owner.Tenant);
        Assert.NotEqual(first.Owner.Tenant, foreign.Owner.Tenant);
    }

    [Theory]
    [InlineData("scp", "read runs.write", true)]
    [InlineData("scope", "runs.write", true)]
    [InlineData("roles", "worker", true)]
    [InlineData("scp", "worker", false)]
    [InlineData("roles", "runs.write", false)]
    [InlineData("scp", "Runs.Write", false)]
    [InlineData("scp", "runs.writer", false)]
    [InlineData("scp", "", false)]
    public async Task Permission_is_one_of_the_required_scopes_or_roles(string claim, string value, bool allowed)
    {
        await using var jwt = await JwtHarness.StartAsync(options =>
        {
            options.RequiredScopes.Add("runs.write");
            options.RequiredRoles.Add("worker");
        });

        var attempt = jwt.AuthenticateAsync(jwt.Issuer.Token(Alice, (claim, value)));

        if (allowed)
        {
            Assert.Equal(Alice, (await attempt).Owner.User);
        }
        else
        {
            await Assert.ThrowsAsync<ForbiddenException>(() => attempt);
        }
    }

    [Theory]
    [InlineData(3600 + 59, true)]
    [InlineData(3600 + 61, false)]
    [InlineData(-59, true)]
    [InlineData(-61, false)]
    public async Task Clocks_may_differ_by_60_seconds(int secondsAfterIssue, bool accepted)
    {
        await using var jwt = await JwtHarness.StartAsync();
        var now = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        var token = jwt.Issuer.Token(Alice, ("nbf", now.ToUnixTimeSeconds()), ("exp", now.AddHours(1).ToUnixTimeSeconds()));
        jwt.Time.AdjustTime(now.AddSeconds(secondsAfterIssue));

        var attempt = jwt.AuthenticateAsync(token);

        if (accepted)
        {
            Assert.Equal(Alice, (await attempt).Owner.User);
        }
        else
        {
            await Assert.ThrowsAsync<UnauthenticatedException>(() => attempt);
        }
    }

    [Theory]
    [InlineData("tenant-1", "tenant-1", true)]
    [InlineData("tenant-2", "tenant-1", false)]
    [InlineData("tenant-2", "tenant-2", false)]
    [InlineData("{tenantid}", "{tenantid}", false)]
    public async Task Multi_tenant_authority_accepts_the_issuer_of_allowed_tenants_only(string tenant, string issuer, bool accepted)
    {
        await using var jwt = await JwtHarness.StartAsync(options => options.AllowedTenants.Add(TokenIssuer.Tenant.ToUpperInvariant()));
        jwt.Issuer.Name = "https://login.example/{tenantid}/v2.0";

        var attempt = jwt.AuthenticateAsync(jwt.Issuer.Token(Alice, ("tid", tenant), ("iss", $"https://login.example/{issuer}/v2.0")));

        if (accepted)
        {
            Assert.Equal(new Owner(tenant, Alice), (await attempt).Owner);
        }
        else
        {
            await Assert.ThrowsAsync<UnauthenticatedException>(() => attempt);
        }
    }

    [Theory]
    [InlineData("1b3c5d7e-0000-4000-8000-00000000abcd", "1b3c5d7e-0000-4000-8000-00000000abcd")]
    [InlineData("1B3C5D7E-0000-4000-8000-00000000ABCD", "1b3c5d7e-0000-4000-8000-00000000abcd")]
    [InlineData("1b3c5d7e-0000-4000-8000-00000000abcd", "{1B3C5D7E-0000-4000-8000-00000000ABCD}")]
    [InlineData("1b3c5d7e00004000800000000000abcd", "1b3c5d7e-0000-4000-8000-00000000abcd")]
    public async Task Tenant_that_is_a_guid_is_one_however_it_is_written(string tenant, string allowed)
    {
        await using var jwt = await JwtHarness.StartAsync(options => options.AllowedTenants.Add(allowed));
        jwt.Issuer.Name = "https://login.example/{tenantid}/v2.0";

        var caller = await jwt.AuthenticateAsync(jwt.Issuer.Token(
            Alice, ("tid", tenant), ("iss", "https://login.example/1b3c5d7e-0000-4000-8000-00000000abcd/v2.0")));

        Assert.Equal(new Owner("1b3c5d7e-0000-4000-8000-00000000abcd", Alice), caller.Owner);
        await Assert.ThrowsAsync<UnauthenticatedException>(() => jwt.AuthenticateAsync(jwt.Issuer.Token(
            Alice, ("tid", tenant), ("iss", "https://login.example/1b3c5d7e-0000-4000-8000-00000000abce/v2.0"))));
    }

    [Fact]
    public async Task Multi_tenant_authority_without_allowed_tenants_accepts_nobody()
    {
        await using var jwt = await JwtHarness.StartAsync();
        jwt.Issuer.Name = "https://login.example/{tenantid}/v2.0";

        await Assert.ThrowsAsync<UnauthenticatedException>(
            () => jwt.AuthenticateAsync(jwt.Issuer.Token(Alice, ("iss", $"https://login.example/{TokenIssuer.Tenant}/v2.0"))));
    }

    [Theory]
    [InlineData("https://login.example/{tenantid}/v2.0", true)]
    [InlineData("https://login.example/tenant-1/v2.0", true)]
    [InlineData("https://login.example/tenant-2/v2.0", false)]
    [InlineData("", false)]
    public async Task Key_that_belongs_to_one_issuer_signs_for_that_one_only(string issuerOfKey, bool accepted)
    {
        await using var jwt = await JwtHarness.StartAsync(options => options.AllowedTenants.Add(TokenIssuer.Tenant));
        jwt.Issuer.Name = "https://login.example/{tenantid}/v2.0";
        jwt.Issuer.Key.IssuerOfKey = issuerOfKey;

        var attempt = jwt.AuthenticateAsync(jwt.Issuer.Token(Alice, ("iss", $"https://login.example/{TokenIssuer.Tenant}/v2.0")));

        if (accepted)
        {
            Assert.Equal(Alice, (await attempt).Owner.User);
        }
        else
        {
            await Assert.ThrowsAsync<UnauthenticatedException>(() => attempt);
        }
    }
}
