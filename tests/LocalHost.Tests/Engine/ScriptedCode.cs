using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.DurableTask;
using Yggdrasil.LocalHost.Engine;

namespace Yggdrasil.LocalHost.Tests.Engine;

/// <summary>Function code given as delegates; counts how often each activity ran.</summary>
internal sealed class ScriptedCode : IOrchestrationCode
{
    private readonly ConcurrentDictionary<string, Func<TaskOrchestrationContext, Task<object?>>> _orchestrators = new();
    private readonly ConcurrentDictionary<string, Func<string?, CancellationToken, Task<object?>>> _activities = new();
    private readonly ConcurrentDictionary<string, int> _runs = new();

    public ScriptedCode Orchestrator(string name, Func<TaskOrchestrationContext, Task<object?>> code)
    {
        _orchestrators[name] = code;
        return this;
    }

    public ScriptedCode Activity(string name, Func<string?, CancellationToken, Task<object?>> code)
    {
        _activities[name] = code;
        return this;
    }

    /// <summary>An activity that answers its own name.</summary>
    public ScriptedCode Activity(string name) => Activity(name, (_, _) => Task.FromResult<object?>(name));

    public int Runs(string activity) => _runs.GetValueOrDefault(activity);

    public async Task<string?> RunOrchestratorAsync(string name, TaskOrchestrationContext context)
        => _orchestrators.TryGetValue(name, out var code)
            ? Serialize(await code(context))
            : throw new UnknownFunctionException("orchestrator", name);

    public async Task<string?> RunActivityAsync(
        string name, string instanceId, string? input, CancellationToken cancellationToken)
    {
        if (!_activities.TryGetValue(name, out var code))
        {
            throw new UnknownFunctionException("activity", name);
        }

        _runs.AddOrUpdate(name, 1, (_, runs) => runs + 1);
        return Serialize(await code(input is null ? null : JsonSerializer.Deserialize<JsonElement>(input).ToString(), cancellationToken));
    }

    private static string? Serialize(object? value) => value is null ? null : JsonSerializer.Serialize(value);
}
