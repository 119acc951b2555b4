using System.Collections.Concurrent;
using Azure;
using Azure.Data.Tables;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tests.Tools.Egress;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Notifications.Callbacks;

/// <summary>Messages to channels, attempt by attempt: they go where the settings say at that time.</summary>
[Collection(WorkAzurite.Name)]
public sealed class ChannelMessageTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private const string Channel = "ops";

    private readonly Owner _owner = DriverFixture.NewOwner();
    private readonly ConcurrentQueue<(string Body, bool IsSigned)> _received = new();
    private readonly RecordingScheduler _scheduler = new();
    private readonly string _row = RowKeys.Approval($"run_{Guid.NewGuid():N}", "t1c0");
    private LocalServer _receiver = null!;
    private DriverFixture _worker = null!;

    public async Task InitializeAsync()
    {
        _receiver = await LocalServer.StartAsync(async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            _received.Enqueue((await body.ReadToEndAsync(), context.Request.Headers.ContainsKey("webhook-signature") && context.Request.Headers["webhook-signature"] != ""));
            context.Response.StatusCode = StatusCodes.Status200OK;
        });
        _worker = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), new TestTools(), _owner, scheduler: _scheduler);
    }

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Theory]
    [InlineData(NotificationType.Slack, null, false)]
    [InlineData(NotificationType.Teams, null, false)]
    [InlineData(NotificationType.Webhook, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", true)]
    public async Task Message_goes_to_the_address_of_the_settings_signed_with_the_channels_secret_and_not_the_owners(
        NotificationType type, string? secret, bool isSigned)
    {
        SetUp(type, secret);

        var outcome = await AttemptAsync(await ScheduleAsync());

        Assert.Null(outcome.RetryAfterSeconds);
        Assert.Equal([("the body", isSigned)], _received);
        Assert.Equal(new CallbackState(CallbackStatus.Delivered, 1, null), await StateAsync());
    }

    [Fact]
    public async Task Channel_that_is_not_set_up_any_more_ends_the_delivery()
    {
        var reference = await ScheduleAsync();

        var outcome = await AttemptAsync(reference);

        Assert.Null(outcome.RetryAfterSeconds);
        Assert.Empty(_received);
        Assert.Equal(new CallbackState(CallbackStatus.Failed, 1, "no_channel"), await StateAsync());
    }

    [Fact]
    public async Task Message_about_a_call_that_was_decided_meanwhile_is_dropped()
    {
        SetUp(NotificationType.Slack, secret: null);
        var reference = await ScheduleAsync();
        var table = await _worker.Storage.GetWorkTableAsync(CancellationToken.None);
        await table.DeleteEntityAsync(_owner.Partition, _row, ETag.All);

        var outcome = await AttemptAsync(reference);

        Assert.Null(outcome.RetryAfterSeconds);
        Assert.Empty(_received);
    }

    [Fact]
    public async Task Message_that_is_handed_over_twice_is_the_same_message()
    {
        var first = await ScheduleAsync();
        var second = await ScheduleAsync();

        Assert.Equal(first.MessageId, second.MessageId);
    }

    private void SetUp(NotificationType type, string? secret) =>
        _worker.Callbacks.Notifications.Channels[Channel] = new NotificationChannelOptions { Type = type, Url = _receiver.Url("/hook"), Secret = secret };

    /// <summary>Does what happens when a call begins to wait, also once more after a crash.</summary>
    private async Task<CallbackReference> ScheduleAsync()
    {
        var row = new TableEntity(_owner.Partition, _row);
        CallbackStore.WriteChannel(row, Channel);
        var table = await _worker.Storage.GetWorkTableAsync(CancellationToken.None);
        await table.UpsertEntityAsync(row, TableUpdateMode.Replace);
        var outbox = new CallbackOutbox(_worker.Callbacks.Store, _scheduler, TimeProvider.System);
        await outbox.SendAsync(_owner.Partition, _row, "hash", "the body", CancellationToken.None);
        return _scheduler.Callbacks.Last();
    }

    private Task<CallbackOutcome> AttemptAsync(CallbackReference reference) => _worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);

    private Task<CallbackState?> StateAsync() => _worker.Callbacks.Store.FindStateAsync(_owner.Partition, _row, CancellationToken.None);
}
