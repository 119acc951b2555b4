using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Benchmarks;

/// <summary>One commit: a journal entry, protected, with the run's row, in one transaction against Azurite.</summary>
[MemoryDiagnoser(displayGenColumns: false)]
public class JournalBenchmarks
{
    private Rig _rig = null!;
    private RunStore _store = null!;
    private Run _run = null!;
    private JournalEntry _answer = null!;

    /// <summary>Characters of the answer: a sentence, a page, and one that goes to a blob.</summary>
    [Params(100, 4_000, 100_000)]
    public int Characters { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _rig = await Rig.StartAsync();
        _store = _rig.Services.GetRequiredService<RunStore>();
        _answer = new JournalEntry
        {
            Kind = EntryKind.Model, Turn = 1, ServedBy = "demo:assistant", Messages = [new ChatMessage(ChatRole.Assistant, new string('x', Characters))],
        };
        var id = Ids.NewRun();
        var now = DateTimeOffset.UtcNow;
        var run = new Run
        {
            Id = id,
            Driver = id,
            Caller = new Caller(new Owner("dev", "bench"), new HashSet<string>()),
            AgentId = "bench",
            AgentVersion = 1,
            Agent = new AgentDefinition { Model = "demo:assistant" },
            CreatedAt = now,
            Deadline = now.AddHours(1),
            LeaseUntil = now,
        };
        var input = new JournalEntry { Kind = EntryKind.Input, Messages = [new ChatMessage(ChatRole.User, "Hello")] };
        _run = (await _store.StartAsync(run, [input], CancellationToken.None))!;
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _rig.DisposeAsync();

    [Benchmark(Description = "append one entry")]
    public async Task<long> Append()
    {
        _run = (await _store.CommitAsync(_run, [_answer with { Sequence = _run.NextSequence }], CancellationToken.None))!;
        return _run.NextSequence;
    }
}
