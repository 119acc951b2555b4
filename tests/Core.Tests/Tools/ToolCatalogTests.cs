using Microsoft.Extensions.AI;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Tools;

public sealed class ToolCatalogTests
{
    private static AgentTool Named(string name) => new()
    {
        Declaration = AIFunctionFactory.Create(() => "", name).AsDeclarationOnly(),
        InvokeAsync = (_, _, _, _) => Task.FromResult(""),
    };

    [Fact]
    public void Tools_are_found_by_exact_name_and_listed_in_order()
    {
        var catalog = new ToolCatalog([Named("b"), Named("a_2"), Named("a")]);

        Assert.Equal(["a", "a_2", "b"], catalog.All.Select(tool => tool.Name));
        Assert.True(catalog.TryGet("b", out var tool));
        Assert.Equal("b", tool.Name);
        Assert.False(catalog.TryGet("B", out _));
        Assert.False(catalog.TryGet("", out _));
    }

    [Fact]
    public void A_catalog_may_be_empty() => Assert.Empty(new ToolCatalog([]).All);

    [Theory]
    [InlineData("")]
    [InlineData("Find")]
    [InlineData("find order")]
    [InlineData("find-order")]
    [InlineData("finn_årsak")]
    public void An_invalid_name_fails_and_is_named(string name)
    {
        var tool = Named("valid") with { Declaration = new NamedDeclaration(name) };
        var failure = Assert.Throws<InvalidOperationException>(() => new ToolCatalog([tool]));
        Assert.Contains($"'{name}' is not allowed", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_duplicate_name_fails_and_is_named()
    {
        var failure = Assert.Throws<InvalidOperationException>(() => new ToolCatalog([Named("find"), Named("find")]));
        Assert.Contains("Two tools are named 'find'", failure.Message, StringComparison.Ordinal);
    }

    private sealed class NamedDeclaration(string name) : AIFunctionDeclaration
    {
        public override string Name => name;
    }
}
