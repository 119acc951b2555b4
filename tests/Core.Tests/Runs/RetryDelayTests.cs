using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Fixtures;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Providers;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Runs;

/// <summary>What befalls a run while its model call waits between two attempts at the provider. Requests come to another instance.</summary>
[Collection(RunsAzurite.Name)]
public sealed class RetryDelayTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(20);

    private readonly TimerSignallingTime _time = new(Delay);
    private readonly TestTools _tools = new();
    private readonly Owner _owner = DriverFixture.NewOwner();
    private ScriptedModelServer _server = null!;
    private TestProviders _providers = null!;

    public async Task InitializeAsync()
    {
        _server = await ScriptedModelServer.StartAsync();
        _server.Enqueue(
            ModelReply.Status(429, Delay), ModelReply.ToolCalls(("echo", """{"text":"a"}""")), ModelReply.Text("Done."));
        _providers = TestProviders.With(
            services => services.AddSingleton<TimeProvider>(_time), $"Providers__vllm__Endpoint={_server.Endpoint}");
    }

    public async Task DisposeAsync()
    {
        await _providers.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Suspend_lets_the_call_end_and_nothing_begin_until_the_run_is_resumed()
    {
        var (worker, other) = (Worker(), Worker());
        var run = await worker.StartAsync();
        var driving = worker.AdvanceAsync(run);
        await _time.TimerSet;

        var asked = await other.Control.SuspendAsync(other.Scope, run.Id, CancellationToken.None);
        _time.Advance(Delay);
        var outcome = await driving;

        var (suspended, entries) = await worker.LoadAsync(run);
        Assert.Equal((RunStatus.Running, true), (asked.Status, asked.SuspendRequested));
        Assert.Equal((SliceEnd.Parked, RunStatus.Suspended), (outcome.End, suspended.Status));
        Assert.Equal([EntryKind.Input, EntryKind.Model], entries.Select(entry => entry.Kind));
        Assert.Empty(_tools.Calls);
        Assert.Equal(2, _server.Requests.Count);

        await other.Control.ResumeAsync(other.Scope, run.Id, CancellationToken.None);
        var ended = await worker.FinishAsync(run);

        Assert.Equal((RunStatus.Completed, "Done.", 2), (ended.Status, ended.Output, ended.Turns));
        Assert.Single(_tools.Calls);
        Assert.Equal(3, _server.Requests.Count);
    }

    [Fact]
    public async Task Cancel_ends_the_run_without_the_rest_of_the_delay()
    {
        var (worker, other) = (Worker(), Worker());
        var run = await worker.StartAsync();
        var driving = worker.AdvanceAsync(run);
        await _time.TimerSet;

        await other.Control.CancelAsync(other.Scope, run.Id, CancellationToken.None);
        var outcome = await driving;

        var ended = (await worker.LoadAsync(run)).Run;
        Assert.Equal((SliceEnd.Finished, RunStatus.Cancelled, StopReason.Cancelled), (outcome.End, ended.Status, ended.StopReason));
        Assert.Single(_server.Requests);
    }

    private DriverFixture Worker() =>
        new(azurite, _providers.Clients, _tools, _owner) { Agent = new() { Model = "vllm:m", Tools = ["echo"] } };
}
