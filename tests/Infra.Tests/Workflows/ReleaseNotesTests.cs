namespace Yggdrasil.Infra.Tests.Workflows;

/// <summary>What a release says is what the changelog says of its version.</summary>
public sealed class ReleaseNotesTests
{
    private const string Changelog = """
        # Changelog

        ## [Unreleased]

        ## [1.2.0] - 2026-12-01

        ### Added

        - A thing, see [the guide](docs/guide.md).

        ## [1.1.0] - 2026-11-01

        - Earlier.

        [1.1.0]: https://example.com/1.1.0
        """;

    [Fact]
    public async Task Section_of_the_version_is_the_notes()
    {
        var result = await NotesAsync("v1.2.0");

        Assert.Equal((0, "### Added\n\n- A thing, see [the guide](docs/guide.md)."), (result.ExitCode, result.Output.Trim()));
    }

    [Fact]
    public async Task Last_section_ends_before_the_list_of_links() => Assert.Equal("- Earlier.", (await NotesAsync("v1.1.0")).Output.Trim());

    [Theory]
    [InlineData("v1.3.0")]
    [InlineData("v1.2")]
    [InlineData("vUnreleased")]
    [InlineData("v1.2.0] - 2026")]
    public async Task Version_without_notes_is_refused(string tag)
    {
        var result = await NotesAsync(tag);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("CHANGELOG.md", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Changelog_has_a_section_for_what_is_not_released() =>
        Assert.Contains("\n## [Unreleased]\n", Repository.Read("CHANGELOG.md"), StringComparison.Ordinal);

    private static Task<ToolResult> NotesAsync(string tag) =>
        Tool.RunAsync("sh", [Repository.PathOf("tools", "release-notes"), tag], input: Changelog.ReplaceLineEndings("\n"));
}
