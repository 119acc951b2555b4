using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Models.Clients;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Tests.Limits;
using Yggdrasil.Tests.Providers.Cache;
using Yggdrasil.Tools;

namespace Yggdrasil.Tests.Runs;

/// <summary>The loop with a scripted model, tools a test sees, and a journal in memory.</summary>
internal sealed class LoopFixture(ScriptedModels models)
{
    public static readonly Caller Caller = new(new Owner("dev", "alice"), new HashSet<string>());

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public TestTools Tools { get; } = new();

    public bool CanWait { get; set; } = true;

    public AgentDefinition Agent { get; set; } = new() { Model = "scripted:one", Tools = ["echo", "post", "far"] };

    public TimeSpan SliceBudget { get; set; } = TimeSpan.FromMinutes(1);

    public MemoryRunJournal? Journal { get; private set; }

    public Run Run => Journal!.Run;

    public IReadOnlyList<JournalEntry> Entries => Journal!.Transcript.Entries;

    public IEnumerable<JournalEntry> ToolEntries => Entries.Where(entry => entry.Kind == EntryKind.Tool);

    public Task<SliceOutcome> RunAsync(Func<Run, Run>? change = null)
    {
        Begin(change);
        return GoOnAsync();
    }

    public void Begin(Func<Run, Run>? change = null)
    {
        change ??= run => run;
        Journal = new MemoryRunJournal(change(NewRun(Agent, Time.GetUtcNow())), [new ChatMessage(ChatRole.User, "Hello")]) { CanWait = CanWait };
    }

    /// <summary>The next slice of the run.</summary>
    public async Task<SliceOutcome> GoOnAsync()
    {
        using var slice = new Slice(SliceBudget, Time, CancellationToken.None, CancellationToken.None);
        return await CreateLoop(models, Tools.Catalog(), new RunOptions(), Time).AdvanceAsync(Journal!, slice);
    }

    public static Run NewRun(AgentDefinition agent, DateTimeOffset now)
    {
        var id = Ids.NewRun();
        return new Run
        {
            Id = id,
            Driver = id,
            Caller = Caller,
            AgentId = "agent",
            AgentVersion = 1,
            Agent = agent,
            CreatedAt = now,
            Deadline = now.AddSeconds(agent.DeadlineSeconds),
            Status = RunStatus.Queued,
            LeaseUntil = DateTimeOffset.UnixEpoch,
        };
    }

    /// <summary>The scripted model costs nothing, and a dear one a dollar and ten for a thousand tokens.</summary>
    public static ModelMeter Meter { get; } = new(TestPrices.Of(("scripted:one", 0, 0), ("scripted:dear", 1_000, 10_000)), NullLogger<ModelMeter>.Instance);

    public static AgentLoop CreateLoop(ScriptedModels models, ToolCatalog catalog, RunOptions options, TimeProvider time)
    {
        var gates = new ToolGates(catalog, new ToolArguments());
        return CreateLoop(models, gates, CreateToolStep(gates, options, time), time);
    }

    public static AgentLoop CreateLoop(IModelClients models, ToolGates gates, ToolStep tools, TimeProvider time)
    {
        var model = new ModelStep(models, TestCaches.Unused, Meter, gates, time);
        var window = new ContextWindow(new ConversationSummarizer(model, Meter, time), gates, NullLogger<ContextWindow>.Instance);
        return new AgentLoop(model, new AnswerRecord(time, NullLogger<AnswerRecord>.Instance), window, tools, time);
    }

    public static ToolStep CreateToolStep(
        ToolGates gates, RunOptions options, TimeProvider time, IApprovalIndex? index = null, ApprovalOptions? approvals = null, ClientToolOptions? clientTools = null)
    {
        var scopes = new ServiceCollection().BuildServiceProvider().GetRequiredService<IServiceScopeFactory>();
        return new ToolStep(gates, new ToolExecutor(scopes, time, NullLogger<ToolExecutor>.Instance), new ApprovalRequests(index ?? new RecordingIndex(), approvals ?? new ApprovalOptions(), clientTools ?? new ClientToolOptions(), time), options, time);
    }
}

/// <summary>Remembers the calls that deciders were led to.</summary>
internal sealed class RecordingIndex : IApprovalIndex
{
    public List<PendingApproval> Added { get; } = [];

    public Task AddAsync(Run run, IReadOnlyList<PendingApproval> approvals, CancellationToken cancellationToken)
    {
        Added.AddRange(approvals);
        return Task.CompletedTask;
    }
}
