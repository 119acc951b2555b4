using Yggdrasil.Contract.Tests.OpenApi;

namespace Yggdrasil.Contract.Tests;

/// <summary>Runs the programs of "The first request" in docs/guide.md.</summary>
public sealed class FirstRequestTests(GuideHost shared) : IClassFixture<GuideHost>, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("yggdrasil-first-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Program_in_CSharp_prints_the_answer() =>
        AssertAnswered(await TestProgram.RunAsync(_folder, "dotnet", "run", await WriteAsync("first.cs", "csharp")));

    [Fact]
    public async Task Program_in_TypeScript_prints_the_answer() => AssertAnswered(await ClientTools.TypeScriptAsync(Program("ts")));

    /// <summary>The test command asks for .NET and Node alone: a language that is not installed is only read.</summary>
    [Theory]
    [InlineData("python", "python3", "first.py")]
    [InlineData("powershell", "pwsh", "first.ps1")]
    public async Task Program_in_another_language_prints_the_answer_where_the_language_is_installed(string language, string program, string file)
    {
        var path = await WriteAsync(file, language);
        if (TestProgram.IsInstalled(program))
        {
            AssertAnswered(await TestProgram.RunAsync(_folder, program, path));
        }
    }

    private static void AssertAnswered(string said) => Assert.Equal("completed 17*23 = 391.", said.TrimEnd());

    private string Program(string language) =>
        shared.Process.Local(Assert.Single(DocumentBlocks.Of("docs/guide.md", "The first request", language)));

    private async Task<string> WriteAsync(string name, string language)
    {
        var path = Path.Combine(_folder, name);
        await File.WriteAllTextAsync(path, Program(language));
        return path;
    }
}
