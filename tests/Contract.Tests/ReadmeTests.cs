using System.Text.RegularExpressions;
using Yggdrasil.Contract.Tests.OpenApi;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Does with README.md what its readers do: sends the first request, pastes the first tool, and runs the first client.</summary>
public sealed partial class ReadmeTests : IAsyncLifetime
{
    private const string StartSection = "Two commands";
    private const string ClientSection = "Your first client";
    private const string ToolSection = "Your first tool";

    private readonly string _folder = Directory.CreateTempSubdirectory("yggdrasil-readme-").FullName;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => TestFolder.DeleteAsync(_folder);

    [Fact]
    public async Task First_request_and_first_client_are_answered()
    {
        await using var host = await LocalHostProcess.StartAsync(Path.Combine(_folder, "data"), new Dictionary<string, string>());

        var curl = await PastedApp.ShellAsync(_folder, Blocks(StartSection, "sh")[1], host);
        Assert.Contains("391", curl, StringComparison.Ordinal);
        Assert.Contains("\"completed\"", curl, StringComparison.Ordinal);
        Assert.Equal("completed 17*23 = 391.\n", await ClientTools.TypeScriptAsync(host.Local(Assert.Single(Blocks(ClientSection, "ts")))));
    }

    [Fact]
    public async Task First_tool_compiles_as_pasted_and_is_called()
    {
        var (tool, registration) = (Blocks(ToolSection, "csharp")[0], Blocks(ToolSection, "csharp")[1]);

        var answers = await PastedApp.RunAsync(_folder, "OrderTools.cs", tool, registration, Assert.Single(Blocks(ToolSection, "sh")));

        Assert.Contains("""find_order answered: {\"number\":\"A-1042\",\"status\":\"shipped\"}""", answers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Api_reference_lists_every_operation_of_the_contract()
    {
        await using var host = await LocalHostProcess.StartAsync(Path.Combine(_folder, "data"), new Dictionary<string, string>());
        var contract = (await (await host.Http.GetAsync(new Uri("/openapi.json", UriKind.Relative))).ReadAsync()).GetProperty("paths");
        var operations = contract.EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Where(verb => verb.Name is "get" or "put" or "post" or "delete").Select(verb => $"{verb.Name.ToUpperInvariant()} {path.Name}"))
            .ToHashSet();

        var listed = ReferenceRow().Matches(await File.ReadAllTextAsync(Checkout.PathOf("docs", "api-reference.md")))
            .SelectMany(row => Route().Matches(row.Groups[1].Value))
            .SelectMany(route => Verb().Matches(route.Groups[1].Value).Select(verb => $"{verb.Value} {route.Groups[2].Value}")).ToList();

        Assert.Equal(operations.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    private static List<string> Blocks(string section, string language) => DocumentBlocks.Of("README.md", section, language);

    [GeneratedRegex(@"^\| (`.+?) \|", RegexOptions.Multiline)]
    private static partial Regex ReferenceRow();

    [GeneratedRegex(@"((?:`?(?:GET|PUT|POST|DELETE)`? )+)`?(/[^`,]+)`")]
    private static partial Regex Route();

    [GeneratedRegex("[A-Z]+")]
    private static partial Regex Verb();
}
