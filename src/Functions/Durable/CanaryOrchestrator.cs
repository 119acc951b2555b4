using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;

namespace Yggdrasil.Functions.Durable;

/// <summary>An orchestration of one activity, which gives back what it was given: whether orchestrations work at all.</summary>
public static class CanaryOrchestrator
{
    [Function(nameof(CanaryOrchestrator))]
    public static Task<string> RunAsync([OrchestrationTrigger] TaskOrchestrationContext context) =>
        context.CallActivityAsync<string>(nameof(Canary), context.GetInput<string>());

    [Function(nameof(Canary))]
    public static string Canary([ActivityTrigger] string token) => token;
}
