using Azure.Storage.Queues.Models;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Agents;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authentication;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Store;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Security;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Users;
using Yggdrasil.Work.Prompts;

namespace Yggdrasil.Tests.Prompts;

/// <summary>The intake of prompts over real storage; its account is the tests' own, because queues know no owners.</summary>
internal sealed class PromptFixture
{
    public PromptFixture(AzuriteFixture azurite)
    {
        var models = new ScriptedModels();
        var tools = new TestTools();
        Worker = new DriverFixture(azurite, models, tools, Owner, time: Time, companions: [Refusal]);
        var validator = new AgentValidator(models, tools.Catalog(), new NotificationOptions());
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Agents:0:Id"] = "assistant", ["Agents:0:Model"] = "scripted:one" })
            .Build();
        var agents = new AgentService(
            Worker.Agents.Store, Worker.Agents.Shares, new ConfiguredAgents([new SettingsAgents(configuration)], validator, Time), validator, TestContention.Retries, Time);
        var runs = new RunService(
            agents, Worker.Store, Worker.Lists, Worker.ConversationQueue, Worker.Callbacks.Rules, Worker.Quotas.Companion, Worker.RequestDriven, Worker.WakeUp,
            Worker.Recovery, Worker.Backups, Worker.Overdue, Worker.Scheduler, Worker.Options, Time);
        var disabled = new DisabledUsers(Options.Create(new AuthOptions()), new KnownUsers(new UserStore(Worker.Storage), Time), Worker.Keys.Authentication);
        Queues = new PromptQueues(Worker.Storage);
        Deferral = new Deferral(new ContentProtector(TestKeys.Ring(TestKeys.New())));
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>();
        Intake = new PromptIntake(
            runs, disabled, Worker.Poison, Queues, Deferral, new PromptOptions(), new PromptMetrics(meters), Time, NullLogger<PromptIntake>.Instance);
        Service = new PoisonService(Worker.Poison, Queues, Time, NullLogger<PoisonService>.Instance);
    }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);

    /// <summary>A tenant of its own: records are listed by tenant.</summary>
    public Owner Owner { get; } = new($"t{Guid.NewGuid():N}", "alice");

    public Caller Operator => new(Owner with { User = "op" }, new HashSet<string> { Caller.OperatorRole });

    public RefusingCompanion Refusal { get; } = new();

    public RecordingScheduler Scheduler => Worker.Scheduler;

    public DriverFixture Worker { get; }

    public PromptQueues Queues { get; }

    public Deferral Deferral { get; }

    public PromptIntake Intake { get; }

    public PoisonService Service { get; }

    public PromptMessage Prompt(string id, string? conversationId = null) => new(
        id,
        Owner,
        "assistant",
        new StartRun { Input = [new ChatMessage(ChatRole.User, "Hello")], ConversationId = conversationId, OnConflict = OnConflict.Enqueue },
        "hash");

    /// <param name="id">The prompt's, so that its copies are found among those of other tests.</param>
    public PromptDelivery Delivery(string id) =>
        new(Guid.NewGuid().ToString(), Time.GetUtcNow(), 1, BinaryData.FromString($$"""{"id":"{{id}}","input":"Hello"}"""));

    public Task AcceptAsync(PromptMessage prompt, PromptDelivery delivery) =>
        Intake.AcceptAsync(prompt, delivery, CancellationToken.None);

    public async Task<IReadOnlyList<PoisonedPrompt>> RecordsAsync() =>
        (await Service.ListAsync(Operator, 100, null, CancellationToken.None)).Items.Where(record => record.Owner is not null).ToList();

    /// <summary>Copies of a prompt that were put off; they are seen only later, which peeking does not show.</summary>
    public async Task<int> CountDeferredAsync()
    {
        var queue = await Worker.Storage.GetQueueAsync(PromptQueues.Prompts, CancellationToken.None);
        return (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount;
    }

    public async Task<IReadOnlyList<string>> ResultsAsync(string id)
    {
        var queue = await Worker.Storage.GetQueueAsync(PromptQueues.Results, CancellationToken.None);
        PeekedMessage[] messages = await queue.PeekMessagesAsync(32);
        return [.. messages.Select(message => message.Body.ToString()).Where(body => body.Contains($"\"{id}\"", StringComparison.Ordinal))];
    }
}

/// <summary>Refuses starts, as a limit does.</summary>
internal sealed class RefusingCompanion : IRunCompanion
{
    public Exception? Failure { get; set; }

    public ValueTask<CompanionChange> OnStartAsync(Run run, CancellationToken cancellationToken) =>
        Failure is { } failure ? throw failure : ValueTask.FromResult(CompanionChange.None(run));

    public ValueTask<CompanionChange> OnCommitAsync(Run next, CancellationToken cancellationToken) =>
        ValueTask.FromResult(CompanionChange.None(next));
}
