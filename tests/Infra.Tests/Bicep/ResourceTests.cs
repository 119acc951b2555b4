using System.Text.Json.Nodes;

namespace Yggdrasil.Infra.Tests.Bicep;

/// <summary>What a deployment makes.</summary>
[Collection(SharedDeployment.Name)]
public sealed class ResourceTests(DeploymentFixture deployment)
{
    // As https://learn.microsoft.com/azure/role-based-access-control/built-in-roles lists them.
    private static readonly Dictionary<string, string> Roles = new()
    {
        ["0ad04412-c4d5-4796-b79c-f76d14c8d402"] = "Durable Task Data Contributor",
        ["b86a8fe4-44ce-4948-aee5-eccb2c155cd7"] = "Key Vault Secrets Officer",
        ["4633458b-17de-408a-b874-0445c86b69e6"] = "Key Vault Secrets User",
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
        ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"] = "Storage Blob Data Contributor",
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["974c5e8b-45b9-4653-ba55-5f855dd0fb88"] = "Storage Queue Data Contributor",
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Everything_that_can_be_tagged_says_which_environment_it_belongs_to(bool most)
    {
        string[] untaggable =
        [
            "Microsoft.Authorization/roleAssignments", "Microsoft.Insights/diagnosticSettings", "Microsoft.Consumption/budgets",
            "Microsoft.DurableTask/schedulers/taskHubs",
        ];
        var resources = deployment.Resources(most).Where(resource => !untaggable.Contains(resource.Type())
            && (resource.Type().Count(letter => letter == '/') == 1)).ToList();
        Assert.NotEmpty(resources);
        Assert.All(resources, resource => Assert.Equal("test", resource.At("tags.azd-env-name")));
    }

    [Fact]
    public void App_is_the_service_of_the_azd_project()
    {
        var service = Repository.Read("azure.yaml").Split('\n').SkipWhile(line => line != "services:").Skip(1).First().Trim().TrimEnd(':');
        Assert.Equal(service, deployment.Least.Single("Microsoft.Web/sites").At("tags.azd-service-name"));
    }

    [Theory]
    [InlineData("Microsoft.Storage/storageAccounts", 24, false)]
    [InlineData("Microsoft.KeyVault/vaults", 24, true)]
    [InlineData("Microsoft.Web/sites", 60, true)]
    public void Names_are_as_long_as_the_resource_allows(string type, int most, bool hyphens)
    {
        var name = deployment.Least.Single(type).Name();
        Assert.True(name.Length <= most, $"{name} has {name.Length} characters.");
        Assert.Equal(hyphens, name.Contains('-', StringComparison.Ordinal));
    }

    [Fact]
    public void App_runs_on_flex_consumption_with_one_instance_that_is_always_there_for_orchestrations()
    {
        var app = deployment.Least.Single("Microsoft.Web/sites");
        Assert.Equal("FC1", deployment.Least.Single("Microsoft.Web/serverfarms").At("sku.name"));
        Assert.Equal("dotnet-isolated", app.At("properties.functionAppConfig.runtime.name"));
        Assert.Equal("durable", app.At("properties.functionAppConfig.scaleAndConcurrency.alwaysReady.0.name"));
        Assert.Equal("1", app.At("properties.functionAppConfig.scaleAndConcurrency.alwaysReady.0.instanceCount"));
        Assert.Contains(
            $"<TargetFramework>net{app.At("properties.functionAppConfig.runtime.version")}</TargetFramework>",
            Repository.Read("Directory.Build.props"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nothing_is_reached_with_a_key_or_a_password(bool most)
    {
        var resources = deployment.Resources(most);
        Assert.Equal("false", resources.Single("Microsoft.Storage/storageAccounts").At("properties.allowSharedKeyAccess"));
        Assert.Equal("true", resources.Single("Microsoft.Insights/components").At("properties.DisableLocalAuth"));
        Assert.Equal("UserAssignedIdentity", resources.Single("Microsoft.Web/sites").At("properties.functionAppConfig.deployment.storage.authentication.type"));
        Assert.All(resources.OfType("Microsoft.Web/sites/basicPublishingCredentialsPolicies"), policy => Assert.Equal("false", policy.At("properties.allow")));
        Assert.Equal(2, resources.OfType("Microsoft.Web/sites/basicPublishingCredentialsPolicies").Count());
        Assert.DoesNotContain("listKeys", deployment.Template!.ToJsonString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Vault_is_governed_by_roles_and_cannot_be_purged()
    {
        var vault = deployment.Least.Single("Microsoft.KeyVault/vaults");
        Assert.Equal("true", vault.At("properties.enableRbacAuthorization"));
        Assert.Equal("true", vault.At("properties.enablePurgeProtection"));
        Assert.Equal("true", vault.At("properties.enableSoftDelete"));
    }

    [Fact]
    public void Blobs_can_be_restored_to_any_time_within_the_days()
    {
        var blobs = deployment.Least.Single("Microsoft.Storage/storageAccounts/blobServices");
        Assert.Equal("14", blobs.At("properties.restorePolicy.days"));
        // What restoring needs, and longer than it.
        Assert.Equal("true", blobs.At("properties.isVersioningEnabled"));
        Assert.Equal("true", blobs.At("properties.changeFeed.enabled"));
        Assert.Equal("15", blobs.At("properties.deleteRetentionPolicy.days"));
        Assert.Equal("15", blobs.At("properties.containerDeleteRetentionPolicy.days"));
    }

    [Fact]
    public void Queues_are_there_before_anybody_puts_something_in() => Assert.Equal(
        ["prompt-results", "prompts", "run-backups"],
        deployment.Resources(most: false).Where(resource => resource.Type() == "Microsoft.Storage/storageAccounts/queueServices/queues")
            .Select(resource => resource.Name().Split('/')[^1]).Order());

    [Fact]
    public void App_has_the_roles_it_needs_and_no_other_and_the_operator_writes_secrets()
    {
        Assert.Equal(
            [
                "Durable Task Data Contributor", "Key Vault Secrets User", "Monitoring Metrics Publisher", "Storage Blob Data Owner",
                "Storage Queue Data Contributor", "Storage Table Data Contributor",
            ],
            RolesOf(deployment.Most, principal => principal != DeploymentFixture.Operator && !IsPackager(principal)).Order());
        Assert.Equal(["Storage Blob Data Contributor"], RolesOf(deployment.Most, IsPackager));
        Assert.Equal(["Key Vault Secrets Officer"], RolesOf(deployment.Most, principal => principal == DeploymentFixture.Operator));
        Assert.Empty(RolesOf(deployment.Least, principal => principal == DeploymentFixture.Operator));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Package_is_written_by_an_identity_that_writes_nothing_else_and_that_no_other_stands_in_for(bool most)
    {
        var resources = deployment.Resources(most);
        var packager = resources.OfType("Microsoft.ManagedIdentity/userAssignedIdentities").Single(identity => identity.Name().EndsWith("-package", StringComparison.Ordinal));
        var app = resources.Single("Microsoft.Web/sites");
        Assert.EndsWith(packager.Name(), app.At("properties.functionAppConfig.deployment.storage.authentication.userAssignedIdentityResourceId"), StringComparison.Ordinal);
        var assignments = resources.OfType("Microsoft.Authorization/roleAssignments").ToList();
        var package = Assert.Single(assignments, assignment => IsPackager(assignment.At("properties.principalId")!));
        Assert.Contains("/containers/app-package", package.At("id"), StringComparison.Ordinal);
        var data = Assert.Single(assignments, assignment => assignment.At("properties.condition") is not null);
        Assert.Equal("2.0", data.At("properties.conditionVersion"));
        Assert.EndsWith("'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'".Trim('\''), data.At("properties.roleDefinitionId"), StringComparison.Ordinal);
        Assert.Contains("containers:name] StringNotEquals 'app-package'", data.At("properties.condition"), StringComparison.Ordinal);
        Assert.All((string[])["read", "write", "delete", "add/action", "move/action"], action => Assert.Contains(
            $"!(ActionMatches{{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/{action}'}})", data.At("properties.condition"), StringComparison.Ordinal));
    }

    [Fact]
    public void Roles_are_named_as_Azure_names_them() => Assert.Equal(
        Roles.OrderBy(role => role.Key).Select(role => (role.Value, role.Key)),
        JsonNode.Parse(Repository.Read("infra", "bicep", "roles.json"))!.AsObject()
            .Select(role => (Name: role.Key, Id: role.Value!.GetValue<string>())).OrderBy(role => role.Id));

    [Theory]
    [InlineData("Microsoft.Storage/storageAccounts")]
    [InlineData("Microsoft.KeyVault/vaults")]
    public void Storage_and_vault_are_open_to_named_addresses_at_most_unless_asked_otherwise(string type)
    {
        var (least, most, open) = (deployment.Least.Single(type), deployment.Most.Single(type), deployment.Open.Single(type));
        Assert.Equal(("Disabled", "Deny", null), (
            least.At("properties.publicNetworkAccess"), least.At("properties.networkAcls.defaultAction"), least.At("properties.networkAcls.ipRules.0.value")));
        Assert.Equal(("Enabled", "Deny"), (most.At("properties.publicNetworkAccess"), most.At("properties.networkAcls.defaultAction")));
        Assert.Equal(
            ("203.0.113.7", "198.51.100.0/24"), (most.At("properties.networkAcls.ipRules.0.value"), most.At("properties.networkAcls.ipRules.1.value")));
        Assert.Equal(("Enabled", "Allow"), (open.At("properties.publicNetworkAccess"), open.At("properties.networkAcls.defaultAction")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void App_reaches_storage_and_vault_by_a_network_of_its_own(bool most)
    {
        var resources = deployment.Resources(most);
        Assert.Equal(
            ["blob", "queue", "table", "vault"],
            resources.OfType("Microsoft.Network/privateEndpoints").Select(endpoint => endpoint.At("properties.privateLinkServiceConnections.0.properties.groupIds.0")).Order());
        Assert.EndsWith("/subnets/app", resources.Single("Microsoft.Web/sites").At("properties.virtualNetworkSubnetId"), StringComparison.Ordinal);
        Assert.Equal(4, resources.OfType("Microsoft.Network/privateEndpoints/privateDnsZoneGroups").Count());
        Assert.DoesNotContain(deployment.Open, resource => resource.Type().StartsWith("Microsoft.Network/", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_keeps_data_or_answers_sends_its_diagnostics(bool most)
    {
        var observed = deployment.Resources(most).OfType("Microsoft.Insights/diagnosticSettings")
            .Select(setting => setting.At("id")!.Split("/providers/Microsoft.Insights/")[0].Split("/providers/")[^1].Split('/')[..2])
            .Select(type => string.Join('/', type)).Order();
        Assert.Equal(
            ["Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts", "Microsoft.Web/sites"],
            observed);
    }

    [Fact]
    public void Budget_tells_whom_it_was_given_and_otherwise_the_owners()
    {
        Assert.Equal("operator@example.com", deployment.Most.Single("Microsoft.Consumption/budgets").At("properties.notifications.mostSpent.contactEmails.0"));
        Assert.Equal("Owner", deployment.Least.Single("Microsoft.Consumption/budgets").At("properties.notifications.mostSpent.contactRoles.0"));
    }

    private static bool IsPackager(string principal) => principal.Contains("-package'", StringComparison.Ordinal);

    private static IEnumerable<string> RolesOf(IReadOnlyList<JsonObject> resources, Func<string, bool> isMeant) =>
        from assignment in resources.OfType("Microsoft.Authorization/roleAssignments")
        where isMeant(assignment.At("properties.principalId")!)
        select Roles[assignment.At("properties.roleDefinitionId")!.Split('/')[^1]];
}
