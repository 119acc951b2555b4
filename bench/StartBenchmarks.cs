using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Benchmarks;

/// <summary>
/// Starts of one owner's runs from one process, the quota included: validated, admitted and committed, against Azurite. What drives
/// them afterwards is left out. Each iteration is an owner's first, who has three limits.
/// </summary>
[MemoryDiagnoser(displayGenColumns: false)]
public class StartBenchmarks
{
    private const int Starts = 300;

    private readonly StartRun _request = new() { Input = [new ChatMessage(ChatRole.User, "What is 17*23, and what time is it in Oslo?")] };
    private Rig _rig = null!;
    private RunService _runs = null!;
    private Caller _caller = null!;

    /// <summary>Requests that are under way at the same time.</summary>
    [Params(16, 64)]
    public int Starters { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _rig = await Rig.StartAsync(new Dictionary<string, string?>
        {
            ["Agents:0:Id"] = "bench",
            ["Agents:0:Model"] = "demo:assistant",
            ["Limits:ConcurrentRuns"] = "500",
            ["Limits:RequestsPerMinute"] = "60000",
            ["Limits:TokensPerDay"] = "1000000000",
        });
        _runs = _rig.Services.GetRequiredService<RunService>();
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _rig.DisposeAsync();

    [IterationSetup]
    public void NewOwner() => _caller = new Caller(new Owner("dev", $"bench-{Guid.NewGuid():N}"), new HashSet<string>());

    [Benchmark(OperationsPerInvoke = Starts, Description = "start a run")]
    public Task Start() => Parallel.ForAsync(0, Starts, new ParallelOptions { MaxDegreeOfParallelism = Starters }, async (_, cancellationToken) =>
        await _runs.StartAsync(_caller, "bench", _request, idempotency: null, TimeSpan.Zero, cancellationToken));
}
