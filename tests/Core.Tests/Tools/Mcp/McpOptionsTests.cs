using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Yggdrasil.Tools.Mcp.Configuration;

namespace Yggdrasil.Tests.Tools.Mcp;

/// <summary>Settings of servers that nobody could connect to, or not safely, stop the start by name.</summary>
public sealed class McpOptionsTests
{
    [Theory]
    [InlineData("https://mcp.example.com/mcp", "Production", true)]
    [InlineData("http://localhost:3001/mcp", "Development", true)]
    [InlineData("http://localhost:3001/mcp", "Production", false)]
    [InlineData("http://mcp.example.com/mcp", "Development", false)]
    [InlineData("https://user:pass@mcp.example.com/mcp", "Production", false)]
    [InlineData("mcp.example.com", "Production", false)]
    [InlineData("", "Production", false)]
    public void Address_is_https_or_of_this_machine_in_development(string url, string environment, bool isGood)
    {
        var problems = Problems(new McpServerOptions { Name = "files", Url = url }, environment);

        Assert.Equal(isGood ? [] : ["Mcp__Servers__0__Url must be an https address without a user name, password or fragment; in Development http on this machine too."], problems);
    }

    [Theory]
    [InlineData("Files")]
    [InlineData("my_files")]
    [InlineData("1files")]
    [InlineData("")]
    [InlineData("a-name-of-twenty-five-char")]
    public void Name_of_a_server_holds_nothing_that_separates(string name) =>
        Assert.StartsWith("Mcp__Servers__0__Name must be ", Assert.Single(Problems(At(options => options.Name = name))), StringComparison.Ordinal);

    [Fact]
    public void Every_problem_is_named_by_its_setting()
    {
        Assert.StartsWith("Mcp__Servers__0__Auth__Secret must be the name", Assert.Single(Problems(At(options => options.Auth.Type = McpAuthType.Bearer))), StringComparison.Ordinal);
        Assert.StartsWith("Mcp__Servers__0__Auth__Secret is given", Assert.Single(Problems(At(options => options.Auth.Secret = "x"))), StringComparison.Ordinal);
        Assert.StartsWith("Mcp__Servers__0__Auth__Scope is required", Assert.Single(Problems(At(options => options.Auth.Type = McpAuthType.ManagedIdentity))), StringComparison.Ordinal);
        Assert.Equal(
            ["Mcp__Servers__0__Auth__TokenUrl", "Mcp__Servers__0__Auth__ClientId"],
            Problems(At(options => (options.Auth.Type, options.Auth.Secret) = (McpAuthType.ClientCredentials, "x"))).Select(problem => problem.Split(' ')[0]));
        Assert.StartsWith("Mcp__Servers__0__TimeoutSeconds", Assert.Single(Problems(At(options => options.TimeoutSeconds = 601))), StringComparison.Ordinal);
        Assert.StartsWith("Mcp__Servers__0__IdempotentTools", Assert.Single(Problems(At(options => options.IdempotentTools.Add("a b")))), StringComparison.Ordinal);
        Assert.StartsWith("Mcp__Servers__0__Roles", Assert.Single(Problems(At(options => options.Roles.Add(" ")))), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_servers_do_not_share_a_name()
    {
        var problem = Assert.Single(Problems([At(_ => { }), At(_ => { })], "Production"));

        Assert.Equal("Mcp__Servers__1__Name is that of another server, too.", problem);
    }

    private static McpServerOptions At(Action<McpServerOptions> change)
    {
        var options = new McpServerOptions { Name = "files", Url = "https://mcp.example.com/mcp" };
        change(options);
        return options;
    }

    private static List<string> Problems(McpServerOptions server, string environment = "Production") => Problems([server], environment);

    private static List<string> Problems(IList<McpServerOptions> servers, string environment)
    {
        IHostEnvironment host = new HostingEnvironment { EnvironmentName = environment };
        return [.. new McpOptionsValidator(host).Validate(name: null, new McpOptions { Servers = servers }).Failures ?? []];
    }
}
