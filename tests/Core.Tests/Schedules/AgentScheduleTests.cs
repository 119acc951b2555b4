using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Tests.Agents.Files;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Schedules;

/// <summary>Agents whose files have a timer.</summary>
[Collection(WorkAzurite.Name)]
public sealed class AgentScheduleTests(AzuriteFixture azurite) : IDisposable
{
    private const string Id = "agent~report";

    private readonly AgentFolderFixture _folder = new();
    private readonly Owner _owner = DriverFixture.NewOwner();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2027, 3, 2, 6, 30, 0, TimeSpan.Zero));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Timer_of_a_file_starts_runs_of_the_user_of_the_settings()
    {
        Write("0 0 7 * * *");
        var schedules = Begin();

        await schedules.TickAsync();
        _time.Advance(TimeSpan.FromMinutes(31));
        await schedules.TickAsync();

        var run = Assert.Single(await schedules.RunsAsync());
        Assert.Equal(("report", _owner), (run.AgentId, run.Caller.Owner));
        Assert.Equal("2027-03-03T07:00:00Z", $"{(await schedules.GetAsync(Id)).NextRunAt:yyyy-MM-dd'T'HH:mm:ss'Z'}");
    }

    [Fact]
    public async Task File_that_was_changed_changes_the_schedule_and_one_that_was_not_leaves_it()
    {
        Write("0 7 * * *");
        await Begin().TickAsync();
        var first = await Begin().GetAsync(Id);
        await Begin().TickAsync();
        var second = await Begin().GetAsync(Id);

        Write("0 9 * * *");
        await Begin().TickAsync();
        var third = await Begin().GetAsync(Id);

        Assert.Equal(first.ETag, second.ETag);
        Assert.Equal((first.Incarnation, "0 9 * * *", 9), (third.Incarnation, third.Definition.Cron, third.NextRunAt!.Value.Hour));
    }

    [Fact]
    public async Task Schedule_without_a_file_starts_nothing_and_is_gone()
    {
        Write("0 7 * * *");
        await Begin().TickAsync();
        File.Delete(Path.Combine(_folder.Folder, "report.agent.md"));
        var schedules = Begin();

        _time.Advance(TimeSpan.FromMinutes(31));
        await schedules.TickAsync();

        Assert.Empty(await schedules.RunsAsync());
        await Assert.ThrowsAsync<NotFoundException>(() => schedules.GetAsync(Id));
    }

    [Fact]
    public async Task User_sees_the_schedule_and_cannot_delete_it()
    {
        Write("0 7 * * *");
        var schedules = Begin();
        await schedules.TickAsync();

        await Assert.ThrowsAsync<ForbiddenException>(() => schedules.Service.DeleteAsync(schedules.Scope, Id, CancellationToken.None));
        await Assert.ThrowsAsync<InvalidRequestException>(() => schedules.PutAsync(id: Id));

        Assert.Equal(Id, Assert.Single((await schedules.Service.ListAsync(schedules.Scope, 10, null, CancellationToken.None)).Items).Id);
    }

    [Fact]
    public async Task Schedule_that_was_disabled_begins_again_with_the_next_instance()
    {
        Write("0 7 * * *");
        var schedules = Begin();
        await schedules.TickAsync();
        var stored = await schedules.GetAsync(Id);
        await schedules.Store.SaveAsync(stored with { Definition = stored.Definition with { Enabled = false }, NextRunAt = null }, CancellationToken.None);

        _time.Advance(TimeSpan.FromMinutes(11));
        await schedules.TickAsync();
        var left = await schedules.GetAsync(Id);
        await Begin().TickAsync();

        Assert.False(left.Definition.Enabled);
        Assert.True((await schedules.GetAsync(Id)).Definition.Enabled);
    }

    private ScheduleFixture Begin() => new(azurite, _owner, _time, configured: _folder.Load());

    private void Write(string schedule)
    {
        _folder.Options.RunAs = new AgentRunAs { Tenant = _owner.Tenant, User = _owner.User };
        _folder.Write("report.agent.md", $"tools: false\ntrigger:\n  type: timer_trigger\n  args:\n    schedule: \"{schedule}\"", "Report.");
    }
}
