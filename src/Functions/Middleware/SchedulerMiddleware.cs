using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Context.Features;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Durable;
using Yggdrasil.Hosting;

namespace Yggdrasil.Functions.Middleware;

/// <summary>Gives each invocation its scheduler: a function asks for one by a parameter with <c>[DurableClient]</c>, which it need not use.</summary>
/// <remarks>The parameters are bound here, once: the function gets the same values.</remarks>
internal sealed class SchedulerMiddleware : IFunctionsWorkerMiddleware
{
    private const string DurableClient = "durableClient";

    public Task Invoke(FunctionContext context, FunctionExecutionDelegate next) =>
        context.FunctionDefinition.InputBindings.Values.Any(binding => string.Equals(binding.Type, DurableClient, StringComparison.OrdinalIgnoreCase))
            ? RunAsync(context, next)
            : next(context);

    private static async Task RunAsync(FunctionContext context, FunctionExecutionDelegate next)
    {
        var binding = context.Features.Get<IFunctionInputBindingFeature>()
            ?? throw new InvalidOperationException($"The host does not bind the parameters of {context.FunctionDefinition.Name}.");
        var bound = await binding.BindFunctionInputAsync(context);
        var client = bound.Values.OfType<DurableTaskClient>().FirstOrDefault()
            ?? throw new InvalidOperationException($"The host gave {context.FunctionDefinition.Name} no durable client.");
        await InvocationScheduler.RunAsync(new DurableRunScheduler(client), () => next(context));
    }
}
