using Yggdrasil.Contract.Tests;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Client.Tests;

/// <summary>Runs the programs of the clients' pages as they are written there.</summary>
[Collection(SharedHost.Name)]
public sealed class DocumentTests(ClientHost host) : IAsyncLifetime
{
    private const string StartSection = "Start and stream";
    private const string WaitingSection = "Approvals and tools of the caller";
    private const string ChatSection = "As IChatClient";
    private const string DotnetPage = "docs/client-dotnet.md";
    private const string TypeScriptPage = "docs/client-typescript.md";

    private readonly string _folder = Directory.CreateTempSubdirectory("yggdrasil-programs-").FullName;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => TestFolder.DeleteAsync(_folder);

    [Fact]
    public async Task Programs_of_the_dotnet_page_do_what_they_say()
    {
        Assert.Equal("17*23 = 391.\ncompleted\n", await DotnetAsync(StartSection));
        Assert.Equal("calculator {\"expression\":\"17*23\"}\n17*23 = 391.\n", await DotnetAsync(WaitingSection));
        Assert.Contains("A-1042 has shipped", await DotnetAsync(ChatSection), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Programs_of_the_typescript_page_do_what_they_say()
    {
        Assert.Equal("17*23 = 391.\ncompleted\n", await TypeScriptAsync(StartSection));
        var said = await TypeScriptAsync(WaitingSection);
        Assert.StartsWith("calculator {\"expression\":\"17*23\"}\n17*23 = 391.\n", said, StringComparison.Ordinal);
        Assert.Contains("It has shipped.", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DotnetPage, "csharp", "src/Client/README.md")]
    [InlineData(TypeScriptPage, "ts", "clients/typescript/README.md")]
    public void Package_says_what_its_page_says(string page, string language, string readme) => Assert.Contains(
        Assert.Single(DocumentBlocks.Of(page, StartSection, language)), File.ReadAllText(Checkout.PathOf(readme.Split('/'))), StringComparison.Ordinal);

    private async Task<string> DotnetAsync(string section)
    {
        // As it is built here, in place of a package that is not published yet.
        var program = host.Process.Local(Assert.Single(DocumentBlocks.Of(DotnetPage, section, "csharp")))
            .Replace("#:package Yggdrasil.Client@*-*", $"#:project {Checkout.PathOf("src", "Client", "Client.csproj")}", StringComparison.Ordinal);
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.cs");
        await File.WriteAllTextAsync(path, program);
        return await TestProgram.RunAsync(_folder, "dotnet", "run", path);
    }

    private async Task<string> TypeScriptAsync(string section) => await TypeScriptPackage.RunProgramAsync(
        await TypeScriptPackage.CompileAsync(host.Process.Local(Assert.Single(DocumentBlocks.Of(TypeScriptPage, section, "ts")))));
}
