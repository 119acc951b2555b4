using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Agents;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Store;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Runs.Delegation;

/// <summary>An app whose agents ask each other, and what their orchestrations do, step by step.</summary>
internal sealed class DelegationFixture
{
    /// <param name="answer">What the model of every agent says, which it can tell apart by their prompts.</param>
    public DelegationFixture(AzuriteFixture azurite, Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>> answer, Owner? owner = null)
    {
        var (models, tools, time) = (new ScriptedModels(answer), new TestTools(), new FakeTimeProvider(DateTimeOffset.UtcNow));
        Worker = new DriverFixture(azurite, models, tools, owner ?? DriverFixture.NewOwner(), time: time);
        Models = models;
        var validator = new AgentValidator(models, tools.Catalog(), new NotificationOptions());
        var configured = new ConfiguredAgents([new SettingsAgents(new ConfigurationBuilder().Build())], validator, time);
        Agents = new AgentService(Worker.Agents.Store, Worker.Agents.Shares, configured, validator, TestContention.Retries, time);
        Runs = new RunService(
            Agents, Worker.Store, Worker.Lists, Worker.ConversationQueue, Worker.Callbacks.Rules, Worker.Quotas.Companion, Worker.RequestDriven, Worker.WakeUp,
            Worker.Recovery, Worker.Backups, Worker.Overdue, Worker.Scheduler, Worker.Options, time);
        Children = new ChildRuns(Runs, Worker.Store, Worker.Control, Worker.Options, time);
        Endings = new RunEndings(Worker.Store, [new ParentNotice(Worker.Store, Worker.Scheduler), new ChildrenNotice(Worker.Store, Worker.Control)], Worker.Scheduler, TestUnknown.Values);
    }

    public DriverFixture Worker { get; }

    public ScriptedModels Models { get; }

    public AgentService Agents { get; }

    public RunService Runs { get; }

    public ChildRuns Children { get; }

    public RunEndings Endings { get; }

    public RecordingScheduler Scheduler => Worker.Scheduler;

    public Caller Caller => new(Worker.Owner, new HashSet<string> { "boss" });

    public Scope Scope => AccessPolicy.ScopeOf(Caller, userId: null);

    public Task PutAsync(string id, Func<AgentDefinition, AgentDefinition>? change = null)
    {
        var definition = new AgentDefinition { Model = "scripted:one", Instructions = id };
        return Agents.PutAsync(Scope, id, change?.Invoke(definition) ?? definition, new AgentPrecondition(), CancellationToken.None);
    }

    /// <summary>The agent "lead", which may ask "researcher", and a run of it.</summary>
    public async Task<Run> StartLeadAsync(Func<AgentDefinition, AgentDefinition>? lead = null, Func<AgentDefinition, AgentDefinition>? researcher = null)
    {
        await PutAsync("researcher", definition => (researcher?.Invoke(definition) ?? definition) with { Description = "Finds things out." });
        await PutAsync("lead", definition => (lead?.Invoke(definition) ?? definition) with { Tools = ["agent:researcher"] });
        return await StartAsync("lead");
    }

    public async Task<Run> StartAsync(string agent) => (await Runs.StartAsync(
        Caller,
        agent,
        new StartRun { Input = [new ChatMessage(ChatRole.User, "Hello")] },
        idempotency: null,
        TimeSpan.Zero,
        CancellationToken.None)).Run;

    /// <summary>What a run's orchestration does until it has to wait or has ended.</summary>
    public async Task<SliceOutcome> TurnAsync(Run run)
    {
        while (true)
        {
            var outcome = await Worker.AdvanceAsync(run);
            await Endings.AnnounceAsync(Worker.Reference(run), outcome, CancellationToken.None);
            if (outcome.End != SliceEnd.Distributed)
            {
                return outcome;
            }

            foreach (var call in outcome.CallIds!)
            {
                if (await Worker.Driver.RunToolAsync(Worker.Reference(run), call, CancellationToken.None) is { } delegated)
                {
                    await Children.StartAsync(delegated, CancellationToken.None);
                }
            }
        }
    }

    public async Task<IReadOnlyList<Run>> ChildrenAsync(Run parent) =>
        [.. (await Worker.Lists.ListAsync(Worker.Owner, new RunFilter(), 100, null, CancellationToken.None)).Items
            .Where(run => run.Parent?.RunId == parent.Id).OrderBy(run => run.Parent!.CallId, StringComparer.Ordinal)];

    public async Task<IReadOnlyList<JournalEntry>> ResultsAsync(Run run) =>
        [.. (await Worker.LoadAsync(run)).Entries.Where(entry => entry.Kind == EntryKind.Tool)];

    public static string Text(JournalEntry result) =>
        result.Messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>().Single().Result!.ToString()!;
}
