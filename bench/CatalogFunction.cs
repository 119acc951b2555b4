using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Tools;

namespace Yggdrasil.Benchmarks;

/// <summary>A tool of the catalog as a function that Microsoft.Extensions.AI's own loop can invoke, without our gates.</summary>
internal sealed class CatalogFunction(AgentTool tool, ToolContext context, IServiceProvider services) : AIFunction
{
    public override string Name => tool.Name;

    public override string Description => tool.Declaration.Description;

    public override JsonElement JsonSchema => tool.Declaration.JsonSchema;

    protected override async ValueTask<object?> InvokeCoreAsync(AIFunctionArguments arguments, CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        return await tool.InvokeAsync(
            arguments.ToDictionary(argument => argument.Key, argument => JsonSerializer.SerializeToElement(argument.Value)),
            context,
            scope.ServiceProvider,
            cancellationToken);
    }
}
