using System.Collections.Concurrent;
using DurableTask.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing.Sidecar;
using Microsoft.DurableTask.Testing.Sidecar.Grpc;
using Microsoft.DurableTask.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Functions.Tests.Durable;

/// <summary>
/// The in-memory backend of Microsoft.DurableTask.InProcessTestHost, and a genuine worker that can be ended and started again
/// while the backend keeps what has happened: DurableTaskTestHost, whose parts these are, ends both.
/// </summary>
internal sealed class DurableSidecar : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly ConcurrentDictionary<string, int> _calls = new();
    private readonly Action<DurableSidecar, DurableTaskRegistry> _tasks;
    private readonly WebApplication _backend;
    private GrpcChannel? _channel;
    private IHost? _worker;

    private DurableSidecar(Action<DurableSidecar, DurableTaskRegistry> tasks)
    {
        _tasks = tasks;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        var service = new InMemoryOrchestrationService();
        builder.Services.AddSingleton<IOrchestrationService>(service);
        builder.Services.AddSingleton<IOrchestrationServiceClient>(service);
        builder.Services.AddSingleton<TaskHubGrpcServer>();
        _backend = builder.Build();
        _backend.MapGrpcService<TaskHubGrpcServer>();
    }

    public DurableTaskClient Client => _worker!.Services.GetRequiredService<DurableTaskClient>();

    public static async Task<DurableSidecar> StartAsync(Action<DurableSidecar, DurableTaskRegistry> tasks)
    {
        var sidecar = new DurableSidecar(tasks);
        await sidecar._backend.StartAsync();
        await sidecar.StartWorkerAsync();
        return sidecar;
    }

    /// <summary>Counts a call of an activity.</summary>
    /// <returns>How often it was called, this time included.</returns>
    public int Count(string activity) => _calls.AddOrUpdate(activity, 1, (_, calls) => calls + 1);

    public int Calls(string activity) => _calls.GetValueOrDefault(activity);

    public async Task StartWorkerAsync()
    {
        _channel = GrpcChannel.ForAddress(_backend.Urls.Single());
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddDurableTaskWorker(worker =>
        {
            worker.UseGrpc(_channel);
            worker.AddTasks(registry => _tasks(this, registry));
        });
        builder.Services.AddDurableTaskClient(client =>
        {
            client.UseGrpc(_channel);
            client.RegisterDirectly();
        });
        _worker = builder.Build();
        await _worker.StartAsync();
    }

    /// <summary>Ends the worker with all that it has in memory.</summary>
    public async Task EndWorkerAsync()
    {
        await _worker!.StopAsync();
        _worker.Dispose();
        _channel!.Dispose();
    }

    public Task<string> ScheduleAsync(string orchestrator, object input) => Client.ScheduleNewOrchestrationInstanceAsync(orchestrator, input);

    public async Task<OrchestrationMetadata> EndAsync(string id)
    {
        using var patience = new CancellationTokenSource(Patience);
        return await Client.WaitForInstanceCompletionAsync(id, getInputsAndOutputs: true, patience.Token);
    }

    /// <summary>Waits until an activity was called so often and its orchestration has taken the last answer.</summary>
    public async Task IdleAsync(string id, string activity, int calls)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (Calls(activity) < calls)
        {
            await Task.Delay(20, patience.Token);
        }

        var before = (await Client.GetInstanceAsync(id, patience.Token))!.LastUpdatedAt;
        for (var quiet = 0; quiet < 10; quiet++)
        {
            await Task.Delay(30, patience.Token);
            var now = (await Client.GetInstanceAsync(id, patience.Token))!.LastUpdatedAt;
            (before, quiet) = now == before ? (before, quiet) : (now, 0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndWorkerAsync();
        await _backend.DisposeAsync();
    }
}
