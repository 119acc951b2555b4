using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Benchmarks;

/// <summary>
/// One more turn of a conversation that has had some: a run of one model call, driven in place, against Azurite. The demo model answers
/// at once, so this is what the product adds. Each turn measured makes the conversation one turn longer.
/// </summary>
[MemoryDiagnoser(displayGenColumns: false)]
[SimpleJob(RunStrategy.Monitoring, warmupCount: 5, iterationCount: 40)]
public class ConversationBenchmarks
{
    private readonly Caller _caller = new(new Owner("dev", $"bench-{Guid.NewGuid():N}"), new HashSet<string>());
    private Rig _rig = null!;
    private RunService _runs = null!;
    private StartRun _request = null!;

    /// <summary>Turns that the conversation has had before.</summary>
    [Params(0, 200)]
    public int Before { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _rig = await Rig.StartAsync(new Dictionary<string, string?> { ["Agents:0:Id"] = "bench", ["Agents:0:Model"] = "demo:assistant" });
        _runs = _rig.Services.GetRequiredService<RunService>();
        _request = new StartRun { Input = [new ChatMessage(ChatRole.User, "Hello")], ConversationId = $"c-{Guid.NewGuid():N}" };
        for (var turn = 0; turn < Before; turn++)
        {
            await TurnAsync();
        }
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _rig.DisposeAsync();

    [Benchmark(Description = "a turn of a conversation")]
    public async Task<RunStatus> TurnAsync()
    {
        var (run, _) = await _runs.StartAsync(_caller, "bench", _request, idempotency: null, TimeSpan.FromSeconds(30), CancellationToken.None);
        return run.Status == RunStatus.Completed ? run.Status : throw new InvalidOperationException($"The run has ended as {run.Status}.");
    }
}
