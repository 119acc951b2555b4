using System.Text.Json;
using Microsoft.DurableTask;
using Yggdrasil.LocalHost.Engine;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Durable;

/// <summary>Gives the engine the discovered orchestrators and activities to run.</summary>
internal sealed class OrchestrationFunctions(
    IReadOnlyList<Function> functions, FunctionInvoker invoker, IServiceProvider services) : IOrchestrationCode
{
    private readonly Dictionary<string, Function> _orchestrators =
        ByName(functions, function => (function.Trigger as OrchestrationTrigger)?.Orchestration);

    private readonly Dictionary<string, Function> _activities =
        ByName(functions, function => (function.Trigger as ActivityTrigger)?.Activity);

    // No ConfigureAwait: the engine resumes an orchestrator only where it called it.
    public async Task<string?> RunOrchestratorAsync(string name, TaskOrchestrationContext context) =>
        Serialize(await invoker.RunAsync(Find(_orchestrators, "orchestrator", name), context, CancellationToken.None));

    public async Task<string?> RunActivityAsync(
        string name, string instanceId, string? input, CancellationToken cancellationToken) =>
        Serialize(await invoker.RunAsync(Find(_activities, "activity", name), input, cancellationToken));

    private string? Serialize(object? value) =>
        value is null ? null : JsonSerializer.Serialize(value, value.GetType(), services.JsonOptions());

    private static Dictionary<string, Function> ByName(IEnumerable<Function> functions, Func<Function, string?> nameOf) =>
        functions
            .Where(function => nameOf(function) is not null)
            .ToDictionary(function => nameOf(function)!, StringComparer.OrdinalIgnoreCase);

    private static Function Find(Dictionary<string, Function> functions, string kind, string name) =>
        functions.GetValueOrDefault(name) ?? throw new UnknownFunctionException(kind, name);
}
