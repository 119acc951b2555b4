using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Agents;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Tests.Schedules;

/// <summary>The timer's minutes, on real storage. Each test has an owner of its own, and a time that no other reaches.</summary>
[Collection(WorkAzurite.Name)]
public sealed class ScheduleStarterTests
{
    private static readonly DateTimeOffset Eve = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Eight = new(2026, 6, 2, 8, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(Eve);
    private readonly AzuriteFixture _azurite;
    private readonly ScheduleFixture _app;

    public ScheduleStarterTests(AzuriteFixture azurite)
    {
        _azurite = azurite;
        _app = new ScheduleFixture(azurite, DriverFixture.NewOwner(), _time);
    }

    [Fact]
    public async Task Due_schedule_starts_its_run_once_and_names_the_next()
    {
        var put = await _app.PutAsync();
        await TickAtAsync(Eight.AddMinutes(-1));
        Assert.Empty(await _app.RunsAsync());

        await TickAtAsync(Eight.AddSeconds(2));
        await _app.TickAsync();
        await TickAtAsync(Eight.AddMinutes(1));

        var run = Assert.Single(await _app.RunsAsync());
        var schedule = await _app.GetAsync();
        Assert.Equal(Eight, put.NextRunAt);
        Assert.Equal((Eight.AddDays(1), Eight, run.Id, null), (schedule.NextRunAt, schedule.LastRunAt, schedule.LastRunId, schedule.LastError));
        Assert.Equal(("assistant", "daily"), (run.AgentId, run.Metadata["schedule"]));
        Assert.Contains(run.Id, _app.Scheduler.Scheduled.Select(scheduled => scheduled.InstanceId));
        Assert.Equal([CalendarEntry.MinuteOf(Eight.AddDays(1))], await _app.PlacesAsync());
    }

    [Fact]
    public async Task Instances_that_look_at_the_same_time_start_one_run_for_each_occurrence()
    {
        await _app.PutAsync(definition => definition with { Cron = "* * * * *" });
        var instances = Enumerable.Range(0, 4).Select(_ => new ScheduleFixture(_azurite, _app.Owner, _time)).ToList();

        for (var minute = 1; minute <= 3; minute++)
        {
            _time.SetUtcNow(Eve.AddMinutes(minute).AddSeconds(2));
            await Task.WhenAll(instances.Select(instance => instance.TickAsync()));
        }

        Assert.Equal(3, (await _app.RunsAsync()).Count);
        Assert.Equal(Eve.AddMinutes(4), (await _app.GetAsync()).NextRunAt);
        Assert.Single(await _app.PlacesAsync());
    }

    [Fact]
    public async Task Crash_between_the_run_and_the_schedules_advance_starts_no_second_run()
    {
        await _app.PutAsync();
        var before = (await _app.Store.FindAsync(_app.Owner.Partition, "daily", CancellationToken.None))!;
        await TickAtAsync(Eight.AddSeconds(2));
        var after = await _app.GetAsync();

        // As it was before the advance, the place included.
        await _app.Store.SaveAsync(before with { ETag = after.ETag }, CancellationToken.None);
        await _app.Calendar.AddAsync(CalendarEntry.Of(_app.Owner.Partition, "daily", Eight), CancellationToken.None);
        await TickAtAsync(Eight.AddMinutes(1));

        Assert.Equal(after.LastRunId, Assert.Single(await _app.RunsAsync()).Id);
        Assert.Equal(Eight.AddDays(1), (await _app.GetAsync()).NextRunAt);
    }

    [Theory]
    [InlineData(false, 0, "missed")]
    [InlineData(true, 1, null)]
    public async Task Outage_of_two_hours_is_passed_over_or_made_up_for_by_one_run(bool catchUp, int runs, string? error)
    {
        await _app.PutAsync(definition => definition with { Cron = "*/10 * * * *", CatchUp = catchUp });

        await TickAtAsync(Eve.AddHours(2).AddMinutes(6));

        var schedule = await _app.GetAsync();
        Assert.Equal(runs, (await _app.RunsAsync()).Count);
        Assert.Equal((Eve.AddHours(2).AddMinutes(10), error), (schedule.NextRunAt, schedule.LastError));
        Assert.Equal([CalendarEntry.MinuteOf(Eve.AddHours(2).AddMinutes(10))], await _app.PlacesAsync());
    }

    [Fact]
    public async Task Timer_that_is_a_few_minutes_late_has_missed_nothing()
    {
        await _app.PutAsync();

        await TickAtAsync(Eight.AddMinutes(4));

        Assert.Single(await _app.RunsAsync());
    }

    [Fact]
    public async Task Change_of_the_clock_in_autumn_starts_one_run()
    {
        _time.SetUtcNow(new DateTimeOffset(2026, 10, 24, 22, 0, 0, TimeSpan.Zero));
        await _app.PutAsync(definition => definition with { Cron = "30 2 * * *", TimeZone = "Europe/Oslo" });

        for (var minute = 0; minute <= 300; minute += 2)
        {
            await TickAtAsync(new DateTimeOffset(2026, 10, 24, 22, minute % 60, 2, TimeSpan.Zero).AddHours(minute / 60));
        }

        Assert.Single(await _app.RunsAsync());
    }

    [Fact]
    public async Task Deleted_agent_is_recorded_and_disables_the_schedule_in_the_end()
    {
        await _app.Agents.PutAsync(_app.Scope, "own", new AgentDefinition { Model = "scripted:one" }, new AgentPrecondition(), CancellationToken.None);
        await _app.PutAsync(definition => definition with { Agent = "own", Cron = "* * * * *" });
        await _app.Agents.DeleteAsync(_app.Scope, "own", new AgentPrecondition(), CancellationToken.None);

        await TickAtAsync(Eve.AddMinutes(1));
        var first = await _app.GetAsync();
        for (var minute = 2; minute <= ScheduleStarter.MaxFailures + 2; minute++)
        {
            await TickAtAsync(Eve.AddMinutes(minute));
        }

        var last = await _app.GetAsync();
        Assert.Equal((true, "not_found", Eve.AddMinutes(2)), (first.Definition.Enabled, first.LastError, first.NextRunAt));
        Assert.Equal((false, "not_found", null), (last.Definition.Enabled, last.LastError, last.NextRunAt));
        Assert.Single(_app.Log.Entries, entry => entry.EventId == 7203 && entry.Text.Contains(_app.Owner.User, StringComparison.Ordinal));
        Assert.Empty(await _app.PlacesAsync());
    }

    [Fact]
    public async Task Disabled_user_is_recorded_and_starts_nothing_until_enabled_again()
    {
        var disabled = new ScheduleFixture(_azurite, _app.Owner, _time, disabled: _app.Owner.User);
        await _app.PutAsync(definition => definition with { Cron = "* * * * *" });

        _time.SetUtcNow(Eve.AddMinutes(1));
        await disabled.TickAsync();
        var refused = await _app.GetAsync();
        await TickAtAsync(Eve.AddMinutes(2));

        Assert.Equal(("user_disabled", 0, null), (refused.LastError, refused.Failures, refused.LastRunId));
        Assert.Single(await _app.RunsAsync());
    }

    [Fact]
    public async Task Refusal_that_the_schedule_cannot_mend_is_recorded_and_tried_at_the_next_occurrence()
    {
        await _app.PutAsync(definition => definition with { Cron = "* * * * *", ConversationId = "talk" });
        var gone = await _app.Worker.StartAsync(run => run with { ConversationId = "talk" });
        await SetDeletedAsync("talk", deleted: true);

        await TickAtAsync(Eve.AddMinutes(1));
        var refused = await _app.GetAsync();
        await SetDeletedAsync("talk", deleted: false);
        await TickAtAsync(Eve.AddMinutes(2));

        Assert.Equal(("conflict", 0, true), (refused.LastError, refused.Failures, refused.Definition.Enabled));
        Assert.Null((await _app.GetAsync()).LastError);
        Assert.Single(await _app.RunsAsync(), run => run.Id != gone.Id);
    }

    [Fact]
    public async Task Run_of_a_busy_conversation_is_enqueued()
    {
        await _app.PutAsync(definition => definition with { ConversationId = "talk" });
        await _app.Worker.StartAsync(run => run with { ConversationId = "talk", Deadline = Eight.AddDays(1) });

        await TickAtAsync(Eight.AddSeconds(2));

        Assert.Single(await _app.RunsAsync(), run => run.IsEnqueued && run.Metadata.ContainsKey("schedule"));
    }

    [Fact]
    public async Task Place_without_a_schedule_is_removed_once_nobody_can_be_about_to_write_one()
    {
        await _app.Calendar.AddAsync(CalendarEntry.Of(_app.Owner.Partition, "daily", Eve), CancellationToken.None);

        // Storage stamps rows by its own clock.
        _time.SetUtcNow(DateTimeOffset.UtcNow.AddMinutes(1));
        await _app.TickAsync();
        Assert.Single(await _app.PlacesAsync());

        _time.Advance(TimeSpan.FromMinutes(10));
        await _app.TickAsync();
        Assert.Empty(await _app.PlacesAsync());
    }

    [Fact]
    public async Task One_schedule_that_fails_keeps_no_other_from_its_run()
    {
        await _app.PutAsync(id: "broken");
        await _app.PutAsync(id: "sound");
        var table = await _app.Worker.Storage.GetWorkTableAsync(CancellationToken.None);
        var damage = new Azure.Data.Tables.TableEntity(_app.Owner.Partition, RowKeys.Schedule("broken")) { ["TimeZone"] = "Mars/Olympus" };
        await table.UpdateEntityAsync(damage, Azure.ETag.All);

        await TickAtAsync(Eight.AddSeconds(2));

        Assert.Contains(await _app.RunsAsync(), run => run.Metadata["schedule"] == "sound");
        Assert.Contains(_app.Log.Entries, entry => entry.EventId == 7204 && entry.Text.Contains(_app.Owner.User, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Input_that_cannot_be_read_is_recorded_and_does_not_hide_other_schedules()
    {
        await _app.PutAsync();
        await _app.PutAsync(id: "other");
        var table = await _app.Worker.Storage.GetWorkTableAsync(CancellationToken.None);
        var damage = new Azure.Data.Tables.TableEntity(_app.Owner.Partition, RowKeys.Schedule("daily")) { ["Input"] = new byte[] { 1, 2, 3 } };
        await table.UpdateEntityAsync(damage, Azure.ETag.All);

        await TickAtAsync(Eight.AddSeconds(2));
        var list = await _app.Service.ListAsync(_app.Scope, 10, null, CancellationToken.None);

        Assert.Equal(["daily", "other"], list.Items.Select(schedule => schedule.Id));
        Assert.Equal(["content_unreadable", null], list.Items.Select(schedule => schedule.LastError));
        Assert.Single(await _app.RunsAsync());
    }

    private async Task TickAtAsync(DateTimeOffset time)
    {
        _time.SetUtcNow(time);
        await _app.TickAsync();
    }

    private async Task SetDeletedAsync(string conversation, bool deleted)
    {
        var table = await _app.Worker.Storage.GetWorkTableAsync(CancellationToken.None);
        var row = new Azure.Data.Tables.TableEntity(_app.Owner.Partition, RowKeys.Conversation(conversation)) { ["Deleted"] = deleted };
        await table.UpdateEntityAsync(row, Azure.ETag.All);
    }
}
