using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Yggdrasil.LocalHost.Tests.Durable;

/// <summary>Discovered orchestrators and activities on the engine, started over HTTP.</summary>
public sealed class OrchestrationFunctionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Orchestrator_calls_activities_and_answers_their_results()
    {
        await using var host = await StartAsync();

        using var response = await host.Client.PostAsync("/start/Totals", null);

        Assert.Equal("o-1", await response.Content.ReadAsStringAsync());
        var finished = await FinishedAsync(host, "o-1");
        Assert.Equal(OrchestrationRuntimeStatus.Completed, finished.RuntimeStatus);
        Assert.Equal(new Total("o-1", 6), finished.ReadOutputAs<Total>());
    }

    [Fact]
    public async Task What_crosses_is_json_with_names_as_declared()
    {
        await using var host = await StartAsync();

        using var response = await host.Client.PostAsync("/start/Totals", null);

        var finished = await FinishedAsync(host, "o-1");
        Assert.Equal("""{"Id":"o-1","Sum":6}""", finished.SerializedOutput);
    }

    [Fact]
    public async Task Middleware_surrounds_activities_and_orchestrators()
    {
        var seen = new List<string>();
        await using var host = await StartAsync(worker => worker.UseMiddleware((context, next) =>
        {
            lock (seen)
            {
                seen.AddRange(context.FunctionDefinition.InputBindings.Values.Select(binding => binding.Type));
            }

            return next();
        }));

        using var response = await host.Client.PostAsync("/start/Totals", null);
        await FinishedAsync(host, "o-1");

        Assert.Contains("httpTrigger", seen);
        Assert.Contains("orchestrationTrigger", seen);
        Assert.Contains("activityTrigger", seen);
    }

    [Fact]
    public async Task Unknown_orchestrator_fails_its_instance()
    {
        await using var host = await StartAsync();

        using var response = await host.Client.PostAsync("/start/Nobody", null);

        var finished = await FinishedAsync(host, "o-1");
        Assert.Equal(OrchestrationRuntimeStatus.Failed, finished.RuntimeStatus);
        Assert.Contains("Nobody", finished.FailureDetails!.ErrorMessage, StringComparison.Ordinal);
    }

    private static Task<TestHost> StartAsync(Action<IFunctionsWorkerApplicationBuilder>? configureWorker = null) =>
        TestHost.StartAsync([typeof(TotalFunctions)], configureWorker: configureWorker);

    private static async Task<OrchestrationMetadata> FinishedAsync(TestHost host, string instanceId)
    {
        var client = host.Services.GetRequiredService<DurableTaskClient>();
        using var timeout = new CancellationTokenSource(Patience);
        while (true)
        {
            var instance = await client.GetInstanceAsync(instanceId, getInputsAndOutputs: true, timeout.Token);
            if (instance is { IsCompleted: true })
            {
                return instance;
            }

            await Task.Yield();
            timeout.Token.ThrowIfCancellationRequested();
        }
    }

    public sealed class TotalFunctions
    {
        [Function("Start")]
        public static async Task<IResult> Start(
            [HttpTrigger("post", Route = "start/{orchestrator}")] HttpRequest request,
            string orchestrator,
            [DurableClient] DurableTaskClient client) => Results.Text(await client.ScheduleNewOrchestrationInstanceAsync(
                orchestrator, new Numbers([1, 2, 3]), new StartOrchestrationOptions("o-1"), request.HttpContext.RequestAborted));

        [Function("RunTotals")]
        public static async Task<Total> RunTotals(
            [OrchestrationTrigger(Orchestration = "Totals")] TaskOrchestrationContext context)
        {
            var sum = 0;
            foreach (var value in context.GetInput<Numbers>()!.Values)
            {
                sum = await context.CallActivityAsync<int>("Add", new Addition(sum, value));
            }

            return await context.CallActivityAsync<Total>("Describe", sum);
        }

        [Function("Add")]
        public static int Add([ActivityTrigger] Addition addition) => addition.Left + addition.Right;

        [Function("Describe")]
        public static Task<Total> Describe([ActivityTrigger] int sum, FunctionContext context, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Assert.Equal("Describe", context.FunctionDefinition.Name);
            return Task.FromResult(new Total("o-1", sum));
        }
    }

    public sealed record Numbers(IReadOnlyList<int> Values);

    public sealed record Addition(int Left, int Right);

    public sealed record Total(string Id, int Sum);
}
