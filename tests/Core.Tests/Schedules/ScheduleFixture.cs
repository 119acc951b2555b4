using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Agents;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authentication;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Store;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Users;
using Yggdrasil.Work.Schedules;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Schedules;

/// <summary>An instance of the app that keeps schedules, over shared storage. Its agent of the configuration is "assistant".</summary>
internal sealed class ScheduleFixture
{
    /// <param name="disabled">A user whom the configuration disables.</param>
    /// <param name="configured">Other agents of the configuration, whose timers start runs of the owner.</param>
    public ScheduleFixture(AzuriteFixture azurite, Owner owner, FakeTimeProvider time, string? disabled = null, ConfiguredAgents? configured = null)
    {
        (Owner, Time) = (owner, time);
        Worker = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), new TestTools(), owner, time: time);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Agents:0:Id"] = "assistant", ["Agents:0:Model"] = "scripted:one" })
            .Build();
        var validator = new AgentValidator(new ScriptedModels(), new TestTools().Catalog(), new NotificationOptions());
        configured ??= new ConfiguredAgents([new SettingsAgents(configuration)], validator, time);
        Agents = new AgentService(
            Worker.Agents.Store, Worker.Agents.Shares, configured, validator, TestContention.Retries, time);
        var runs = new RunService(
            Agents, Worker.Store, Worker.Lists, Worker.ConversationQueue, Worker.Callbacks.Rules, Worker.Quotas.Companion, Worker.RequestDriven, Worker.WakeUp,
            Worker.Recovery, Worker.Backups, Worker.Overdue, Worker.Scheduler, Worker.Options, time);
        Store = new ScheduleStore(Worker.Storage, Worker.Vault);
        Calendar = new ScheduleCalendar(Worker.Storage, TestUnknown.Values);
        Service = new ScheduleService(Store, Calendar, Agents, TestContention.Retries, time);
        var auth = new AuthOptions();
        if (disabled is not null)
        {
            auth.DisabledUsers.Add(disabled);
        }

        var options = new AgentFileOptions { RunAs = new AgentRunAs { Tenant = owner.Tenant, User = owner.User } };
        Starter = new ScheduleStarter(
            Store, Calendar, new AgentSchedules(configured, options, Store, Service, time), runs, new DisabledUsers(Options.Create(auth), new KnownUsers(new UserStore(Worker.Storage), time), Worker.Keys.Authentication), TestUnknown.Values, time, Log);
    }

    public Owner Owner { get; }

    public FakeTimeProvider Time { get; }

    public DriverFixture Worker { get; }

    public AgentService Agents { get; }

    public ScheduleStore Store { get; }

    public ScheduleCalendar Calendar { get; }

    public ScheduleService Service { get; }

    public ScheduleStarter Starter { get; }

    public RecordedLog<ScheduleStarter> Log { get; } = new();

    public RecordingScheduler Scheduler => Worker.Scheduler;

    public Caller Caller => new(Owner, new HashSet<string>());

    public Scope Scope => AccessPolicy.ScopeOf(Caller, userId: null);

    public async Task<Schedule> PutAsync(Func<ScheduleDefinition, ScheduleDefinition>? change = null, string id = "daily")
    {
        var definition = new ScheduleDefinition
        {
            Agent = "assistant", Input = [new ChatMessage(ChatRole.User, "Good morning")], Cron = "0 8 * * *", TimeZone = "UTC",
        };
        return (await Service.PutAsync(Caller, id, change?.Invoke(definition) ?? definition, CancellationToken.None)).Schedule;
    }

    public Task<Schedule> GetAsync(string id = "daily") => Service.GetAsync(Scope, id, CancellationToken.None);

    /// <summary>What the timer does each minute.</summary>
    public Task TickAsync() => Starter.RunAsync(CancellationToken.None);

    public async Task<IReadOnlyList<Run>> RunsAsync() =>
        (await Worker.Lists.ListAsync(Owner, new RunFilter(), 100, null, CancellationToken.None)).Items;

    /// <summary>The owner's places in the calendar, also those that lie far ahead.</summary>
    public async Task<IReadOnlyList<string>> PlacesAsync() =>
        await Calendar.ListDueAsync(Time.GetUtcNow().AddYears(50), CancellationToken.None)
            .Where(place => place.Partition == Owner.Partition).Select(place => place.Minute).ToListAsync();
}
