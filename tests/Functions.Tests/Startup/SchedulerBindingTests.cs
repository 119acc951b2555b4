using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Functions.Durable;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Tests.Startup;

/// <summary>What Core finds as its scheduler within invocations of the genuine worker.</summary>
public sealed class SchedulerBindingTests
{
    private const string Client =
        """{"rpcBaseUrl":"http://127.0.0.1:1/","taskHubName":"hub","connectionName":"Storage","requiredQueryStringParameters":"","httpBaseUrl":"http://127.0.0.1:1/"}""";

    [Fact]
    public async Task Function_with_a_durable_client_gives_its_invocation_a_scheduler()
    {
        var found = await InvokeAsync<RunActivities>(
            nameof(RunActivities.AdvanceRun),
            new() { ["input"] = "activityTrigger", ["client"] = "durableClient" },
            new() { ["input"] = """{"Partition":"dev!alice","RunId":"run_1","InstanceId":"run_1"}""", ["client"] = Client });

        Assert.IsType<DurableRunScheduler>(found);
    }

    [Fact]
    public async Task Function_without_one_has_none()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => InvokeAsync<CallbackActivities>(
            nameof(CallbackActivities.SendCallback),
            new() { ["input"] = "activityTrigger" },
            new() { ["input"] = """{"Partition":"dev!alice","Row":"row","MessageId":"message","Attempt":1}""" }));

        Assert.Contains("[DurableClient]", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_that_sends_no_client_is_named_as_the_cause()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => InvokeAsync<RunActivities>(
            nameof(RunActivities.AdvanceRun),
            new() { ["input"] = "activityTrigger", ["client"] = "durableClient" },
            new() { ["input"] = """{"Partition":"dev!alice","RunId":"run_1","InstanceId":"run_1"}""" }));

        Assert.Contains("gave AdvanceRun no durable client", failure.Message, StringComparison.Ordinal);
    }

    /// <returns>The scheduler with which the function would work; the function itself is not called.</returns>
    private static async Task<IRunScheduler?> InvokeAsync<T>(string function, Dictionary<string, string> bindings, Dictionary<string, string> input)
    {
        IRunScheduler? found = null;
        using var host = WorkerHost.Build(worker => worker.Use(_ => context =>
        {
            found = context.InstanceServices.GetRequiredService<IRunScheduler>().Capture();
            return Task.CompletedTask;
        }));
        await new WorkerInvocations(host.Services).InvokeAsync(function, $"{typeof(T).FullName}.{function}", bindings, input);
        return found;
    }
}
