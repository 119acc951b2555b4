using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Tests.Schedules;

[Collection(WorkAzurite.Name)]
public sealed class ScheduleServiceTests
{
    private static readonly DateTimeOffset Eve = new(2027, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Eight = new(2027, 6, 2, 8, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(Eve);
    private readonly ScheduleFixture _app;

    public ScheduleServiceTests(AzuriteFixture azurite) => _app = new ScheduleFixture(azurite, DriverFixture.NewOwner(), _time);

    [Fact]
    public async Task Other_time_replaces_the_entry_in_the_calendar()
    {
        await _app.PutAsync();
        var changed = await _app.PutAsync(definition => definition with { Cron = "0 9 * * *" });

        Assert.Equal(Eight.AddHours(1), changed.NextRunAt);
        Assert.Equal([CalendarEntry.MinuteOf(Eight.AddHours(1))], await _app.PlacesAsync());
    }

    [Fact]
    public async Task Same_schedule_put_again_passes_over_no_occurrence_that_is_due()
    {
        await _app.PutAsync();
        _time.SetUtcNow(Eight.AddSeconds(1));

        var again = await _app.PutAsync();

        Assert.Equal(Eight, again.NextRunAt);
        Assert.Equal([CalendarEntry.MinuteOf(Eight)], await _app.PlacesAsync());
    }

    [Fact]
    public async Task Disabled_schedule_has_no_entry_and_gets_one_when_enabled()
    {
        await _app.PutAsync();
        var disabled = await _app.PutAsync(definition => definition with { Enabled = false });
        Assert.Null(disabled.NextRunAt);
        Assert.Empty(await _app.PlacesAsync());

        _time.SetUtcNow(Eight.AddDays(3).AddHours(1));
        var enabled = await _app.PutAsync();

        Assert.Equal(Eight.AddDays(4), enabled.NextRunAt);
    }

    [Fact]
    public async Task Deleted_schedule_starts_nothing_and_one_of_the_same_id_has_runs_of_its_own()
    {
        await _app.PutAsync();
        await _app.Service.DeleteAsync(_app.Scope, "daily", CancellationToken.None);
        Assert.Empty(await _app.PlacesAsync());
        await Assert.ThrowsAsync<NotFoundException>(() => _app.GetAsync());
        await Assert.ThrowsAsync<NotFoundException>(() => _app.Service.DeleteAsync(_app.Scope, "daily", CancellationToken.None));

        await _app.PutAsync();
        _time.SetUtcNow(Eight.AddSeconds(2));
        await _app.TickAsync();

        Assert.Single(await _app.RunsAsync());
    }

    [Fact]
    public async Task List_is_in_order_of_ids_and_goes_on_where_it_ended()
    {
        foreach (var id in new[] { "b", "a-1", "c", "a" })
        {
            await _app.PutAsync(id: id);
        }

        var first = await _app.Service.ListAsync(_app.Scope, 2, null, CancellationToken.None);
        var second = await _app.Service.ListAsync(_app.Scope, 2, first.Next, CancellationToken.None);

        Assert.Equal(["a", "a-1", "b", "c"], [.. first.Items.Concat(second.Items).Select(schedule => schedule.Id)]);
        Assert.Null(second.Next);
        await Assert.ThrowsAsync<InvalidRequestException>(() => _app.Service.ListAsync(_app.Scope, 2, "run!x", CancellationToken.None));
    }

    [Fact]
    public async Task More_schedules_than_allowed_are_refused_and_those_there_can_be_changed()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, ScheduleService.MaxPerOwner), async (i, _) => await _app.PutAsync(id: $"s{i}"));

        await Assert.ThrowsAsync<ConflictException>(() => _app.PutAsync(id: "one-more"));
        await _app.PutAsync(definition => definition with { Cron = "0 9 * * *" }, id: "s7");
    }

    [Fact]
    public async Task What_is_wrong_with_a_schedule_is_named()
    {
        var refused = await Assert.ThrowsAsync<InvalidRequestException>(() => _app.PutAsync(
            definition => definition with { Agent = "nobody", Cron = "now", TimeZone = "here" }, id: "bad id"));

        Assert.Equal(["agent", "cron", "id", "timeZone"], refused.Errors.Keys.Order());
    }

    [Fact]
    public async Task Users_data_removed_takes_schedules_secrets_and_calendar_entries_with_it()
    {
        await _app.PutAsync();
        await _app.Worker.Callbacks.Secrets.SetAsync(_app.Owner, null, CancellationToken.None);

        await _app.Worker.UserData.RemoveAsync(_app.Owner, TimeSpan.FromMinutes(1), CancellationToken.None);

        Assert.Empty(await _app.PlacesAsync());
        Assert.Null(await _app.Worker.Callbacks.Secrets.FindInfoAsync(_app.Owner, CancellationToken.None));
        await Assert.ThrowsAsync<NotFoundException>(() => _app.GetAsync());
    }

    [Fact]
    public async Task Export_has_schedules_with_their_input_and_never_a_secret()
    {
        await _app.PutAsync();
        var (secret, _) = await _app.Worker.Callbacks.Secrets.SetAsync(_app.Owner, null, CancellationToken.None);

        var items = await _app.Worker.Export.ReadAsync(_app.Scope, CancellationToken.None).ToListAsync();

        var schedule = Assert.Single(items.OfType<Yggdrasil.Operations.UserData.ExportItem.OfSchedule>()).Schedule;
        Assert.Equal("Good morning", Assert.Single(schedule.Definition.Input).Text);
        Assert.Single(items.OfType<Yggdrasil.Operations.UserData.ExportItem.OfCallbackSecret>());
        Assert.DoesNotContain(secret, string.Concat(items), StringComparison.Ordinal);
    }
}
