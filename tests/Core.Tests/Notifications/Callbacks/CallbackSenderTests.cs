using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Azure.Data.Tables;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tests.Tools.Egress;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Notifications.Callbacks;

/// <summary>Callbacks of real runs to a real receiver, attempt by attempt.</summary>
[Collection(WorkAzurite.Name)]
public sealed class CallbackSenderTests(AzuriteFixture azurite) : IAsyncDisposable
{
    private const string Url = "/hook?key=secret-of-the-receiver";

    private readonly Owner _owner = DriverFixture.NewOwner();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly RecordingScheduler _scheduler = new();
    private readonly ConcurrentQueue<Received> _received = new();
    private LocalServer? _receiver;

    public async ValueTask DisposeAsync()
    {
        if (_receiver is not null)
        {
            await _receiver.DisposeAsync();
        }
    }

    [Fact]
    public async Task Ended_run_is_told_once_with_a_signature_and_without_its_content()
    {
        var (worker, secret) = await AppAsync(200);
        var (run, reference) = await EndAsync(worker);

        var outcome = await worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);
        await worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);

        var message = Assert.Single(_received);
        Assert.Null(outcome.RetryAfterSeconds);
        Assert.Equal(reference.MessageId, message.Id);
        Assert.Equal(CallbackSignature.Sign([secret], message.Id, DateTimeOffset.FromUnixTimeSeconds(message.Timestamp), message.Body), message.Signature);
        using var body = JsonDocument.Parse(message.Body);
        Assert.Equal("run.completed", body.RootElement.GetProperty("type").GetString());
        Assert.Equal(run.CompletedAt, body.RootElement.GetProperty("timestamp").GetDateTimeOffset());
        Assert.Equal(
            $$"""{"id":"{{run.Id}}","status":"completed","stopReason":"completed"}""", body.RootElement.GetProperty("data").GetRawText());
        Assert.Equal(new CallbackState(CallbackStatus.Delivered, 1, null), await StateAsync(worker, run));
    }

    [Fact]
    public async Task Run_waits_with_its_callback_until_it_has_ended()
    {
        var (worker, _) = await AppAsync(200);
        var run = await worker.StartAsync(Wanting);

        Assert.Equal(new CallbackState(CallbackStatus.Waiting, 0, null), await StateAsync(worker, run));
        Assert.Empty(_scheduler.Callbacks);
    }

    [Fact]
    public async Task Receiver_that_fails_is_tried_again_with_the_same_id_and_body()
    {
        var (worker, _) = await AppAsync(500, 200);
        var (run, reference) = await EndAsync(worker);

        var first = await worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);
        var between = await StateAsync(worker, run);
        _time.Advance(TimeSpan.FromSeconds(first.RetryAfterSeconds!.Value));
        await worker.Callbacks.Sender.AttemptAsync(reference, 2, CancellationToken.None);

        Assert.InRange(first.RetryAfterSeconds!.Value, 5, 6);
        Assert.Equal(new CallbackState(CallbackStatus.Pending, 1, "http_500"), between);
        Assert.Equal(new CallbackState(CallbackStatus.Delivered, 2, null), await StateAsync(worker, run));
        Assert.Equal(2, _received.Count);
        Assert.Single(_received.Select(message => (message.Id, message.Body)).Distinct());
        Assert.Equal(2, _received.Select(message => message.Timestamp).Distinct().Count());
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task Receiver_that_names_a_time_is_left_alone_until_then(int status)
    {
        var (worker, _) = await AppAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = "600";
        });
        var (_, reference) = await EndAsync(worker);

        var outcome = await worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);

        Assert.InRange(outcome.RetryAfterSeconds!.Value, 600, 661);
    }

    [Fact]
    public async Task Receiver_that_is_gone_is_not_asked_again()
    {
        var (worker, _) = await AppAsync(410);
        var (run, reference) = await EndAsync(worker);

        var outcome = await worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);

        Assert.Null(outcome.RetryAfterSeconds);
        Assert.Equal(new CallbackState(CallbackStatus.Failed, 1, "gone"), await StateAsync(worker, run));
        Assert.Contains(7103, worker.Callbacks.Log.EventIds);
    }

    [Fact]
    public async Task Redirect_to_an_internal_address_is_not_followed()
    {
        var asked = 0;
        await using var inside = await LocalServer.StartAsync(_ =>
        {
            Interlocked.Increment(ref asked);
            return Task.CompletedTask;
        });
        var (worker, _) = await AppAsync(context => context.Response.Redirect(inside.Url("/latest/meta-data"), permanent: true, preserveMethod: true));
        var (run, reference) = await EndAsync(worker);

        await worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);

        Assert.Equal((0, "http_308"), (asked, (await StateAsync(worker, run))!.LastError));
    }

    [Fact]
    public async Task Receiver_that_does_not_answer_is_given_ten_seconds()
    {
        var asked = new TaskCompletionSource();
        var (worker, _) = await AppAsync(_ => { }, async context =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        var (run, reference) = await EndAsync(worker);

        var attempt = worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);
        await asked.Task;
        _time.Advance(TimeSpan.FromSeconds(10));
        await attempt;

        Assert.Equal(new CallbackState(CallbackStatus.Pending, 1, "timed_out"), await StateAsync(worker, run));
    }

    [Fact]
    public async Task Body_that_never_ends_is_not_waited_for()
    {
        var (worker, _) = await AppAsync(_ => { }, async context =>
        {
            await context.Response.WriteAsync("It begins");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        var (run, reference) = await EndAsync(worker);

        await worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);

        Assert.Equal(CallbackStatus.Delivered, (await StateAsync(worker, run))!.Status);
    }

    [Fact]
    public async Task Receiver_that_fails_all_day_is_given_up_visibly()
    {
        var (worker, _) = await AppAsync(500);
        var (run, reference) = await EndAsync(worker);
        var begun = _time.GetUtcNow();

        var attempts = 0;
        CallbackOutcome outcome;
        while ((outcome = await worker.Callbacks.Sender.AttemptAsync(reference, ++attempts, CancellationToken.None)).RetryAfterSeconds is { } pause)
        {
            _time.Advance(TimeSpan.FromSeconds(pause));
        }

        Assert.Equal(new CallbackState(CallbackStatus.Failed, 9, "http_500"), await StateAsync(worker, run));
        Assert.InRange(_time.GetUtcNow() - begun, TimeSpan.FromHours(20), TimeSpan.FromHours(24));
        Assert.Equal(9, _received.Count);
        var log = Assert.Single(worker.Callbacks.Log.Entries, entry => entry.EventId == 7103);
        Assert.DoesNotContain("secret-of-the-receiver", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_secrets_sign_after_a_rotation_and_the_one_before_them_no_more()
    {
        var (worker, first) = await AppAsync(200);
        var second = (await worker.Callbacks.Secrets.SetAsync(_owner, null, CancellationToken.None)).Secret;
        var third = (await worker.Callbacks.Secrets.SetAsync(_owner, null, CancellationToken.None)).Secret;
        await worker.Callbacks.Secrets.SetAsync(_owner, third, CancellationToken.None);
        var (_, reference) = await EndAsync(worker);

        await worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);

        var message = Assert.Single(_received);
        var sentAt = DateTimeOffset.FromUnixTimeSeconds(message.Timestamp);
        Assert.Equal(CallbackSignature.Sign([third, second], message.Id, sentAt, message.Body), message.Signature);
        Assert.DoesNotContain(CallbackSignature.Sign([first], message.Id, sentAt, message.Body), message.Signature, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("93.184.216.34", "127.0.0.1")]
    [InlineData("10.0.0.7")]
    [InlineData("169.254.169.254")]
    [InlineData]
    public async Task Name_that_leads_to_an_internal_address_reads_and_is_tried_again_like_one_that_leads_nowhere(params string[] addresses)
    {
        var (worker, _) = await AppAsync(200);
        var (run, reference) = await EndAsync(worker, "https://rebound.example/hook");
        var production = new CallbackParts(
            worker.Storage, worker.Vault, _time, worker.Scheduler, allowPrivateNetworks: false, new ScriptedResolver(addresses));

        var outcome = await production.Sender.AttemptAsync(reference, 1, CancellationToken.None);

        Assert.Equal(new CallbackState(CallbackStatus.Pending, 1, "unreachable"), await StateAsync(worker, run));
        Assert.NotNull(outcome.RetryAfterSeconds);
        Assert.Empty(_received);
    }

    [Fact]
    public async Task Callback_of_a_deleted_run_is_dropped()
    {
        var (worker, _) = await AppAsync(200);
        var (run, reference) = await EndAsync(worker);
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        await table.DeleteEntityAsync(_owner.Partition, RowKeys.Run(run.Id));

        var outcome = await worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);

        Assert.Null(outcome.RetryAfterSeconds);
        Assert.Empty(_received);
    }

    [Fact]
    public async Task Crash_after_the_message_was_scheduled_schedules_the_same_one_again()
    {
        var (worker, _) = await AppAsync(200);
        var (run, reference) = await EndAsync(worker);
        var ended = await worker.Store.FindHeadAsync(_owner.Partition, run.Id, CancellationToken.None);

        await worker.Callbacks.Delivery.DeliverAsync(ended!, "", CancellationToken.None);
        await worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);
        await worker.Callbacks.Delivery.DeliverAsync(ended!, "", CancellationToken.None);

        Assert.Equal([reference, reference], _scheduler.Callbacks);
    }

    [Fact]
    public async Task Neither_address_nor_secret_is_in_storage_as_plain_text()
    {
        var (worker, secret) = await AppAsync(200);
        await EndAsync(worker);

        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        await foreach (var row in table.QueryAsync<TableEntity>(row => row.PartitionKey == _owner.Partition))
        {
            var text = string.Join('\n', row.Select(property => property.Value is byte[] bytes ? Encoding.Latin1.GetString(bytes) : $"{property.Value}"));
            Assert.DoesNotContain("secret-of-the-receiver", text, StringComparison.Ordinal);
            Assert.DoesNotContain(secret["whsec_".Length..], text, StringComparison.Ordinal);
        }
    }

    public static TheoryData<string, string> BadAddresses => new()
    {
        { "http://example.com/hook", "https" },
        { "ftp://example.com/hook", "http" },
        { "https://user:password@example.com/", "password" },
        { "https://127.0.0.1/hook", "public internet" },
        { "https://[::1]/hook", "public internet" },
        { "https://2130706433/hook", "public internet" },
        { "https://10.0.0.1/hook", "public internet" },
        { "https://169.254.169.254/latest/meta-data", "public internet" },
        { "https://[::ffff:169.254.169.254]/", "public internet" },
        { "http://localhost/hook", "https" },
        { "/hook", "http" },
        { "", "absolute URL" },
    };

    [Theory]
    [MemberData(nameof(BadAddresses))]
    public async Task Address_that_production_never_asks_is_refused_at_the_start(string url, string told)
    {
        var (worker, _) = await AppAsync(200);
        var production = new CallbackParts(worker.Storage, worker.Vault, _time, worker.Scheduler, allowPrivateNetworks: false);
        var errors = new FieldErrors();

        await production.Rules.ValidateAsync(_owner, url, errors, CancellationToken.None);

        Assert.Contains(told, Assert.Single(errors.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://10.0.0.1/hook")]
    [InlineData("http://example.com/hook")]
    public async Task Development_opens_http_to_this_machine_only(string url)
    {
        var (worker, _) = await AppAsync(200);
        var errors = new FieldErrors();

        await worker.Callbacks.Rules.ValidateAsync(_owner, url, errors, CancellationToken.None);

        Assert.Single(errors.Lines);
    }

    [Fact]
    public async Task Callback_without_a_secret_is_refused_at_the_start()
    {
        var worker = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), new TestTools(), _owner, time: _time, scheduler: _scheduler);
        var errors = new FieldErrors();

        await worker.Callbacks.Rules.ValidateAsync(_owner, "https://example.com/", errors, CancellationToken.None);

        Assert.Contains("/api/callback-secret", Assert.Single(errors.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callback_of_an_owner_whose_share_is_in_use_is_put_off_which_is_no_attempt()
    {
        var (worker, _) = await AppAsync(200);
        var (run, reference) = await EndAsync(worker);
        var places = await Task.WhenAll(Enumerable.Range(0, new ActivityOptions().PerOwner).Select(
            _ => worker.Callbacks.Slots.EnterAsync(_owner.Partition, key: null, call: null, CancellationToken.None).AsTask()));

        var put = worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None);
        while (!put.IsCompleted)
        {
            // It stands in line for a moment.
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.True((await put).IsDeferred);
        Assert.InRange((await put).RetryAfterSeconds!.Value, 1, 60);
        Assert.Equal((0, 0), (_received.Count, (await StateAsync(worker, run))!.Attempts));
        await places[0].Slot!.DisposeAsync();
        Assert.Equal(CallbackOutcome.Done, await worker.Callbacks.Sender.AttemptAsync(reference, 1, CancellationToken.None));
        Assert.Equal(new CallbackState(CallbackStatus.Delivered, 1, null), await StateAsync(worker, run));
    }

    private Task<(DriverFixture Worker, string Secret)> AppAsync(params int[] statuses)
    {
        var asked = -1;
        return AppAsync(context => context.Response.StatusCode = statuses[Math.Min(Interlocked.Increment(ref asked), statuses.Length - 1)]);
    }

    /// <summary>A worker, a receiver that answers so, and a secret between them.</summary>
    private async Task<(DriverFixture Worker, string Secret)> AppAsync(Action<HttpContext> answer, Func<HttpContext, Task>? afterwards = null)
    {
        _receiver = await LocalServer.StartAsync(async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            var headers = context.Request.Headers;
            _received.Enqueue(new Received(
                headers["webhook-id"]!,
                long.Parse(headers["webhook-timestamp"]!, CultureInfo.InvariantCulture),
                headers["webhook-signature"]!,
                await body.ReadToEndAsync()));
            answer(context);
            await (afterwards?.Invoke(context) ?? Task.CompletedTask);
        });
        var worker = new DriverFixture(azurite, new ScriptedModels(Says("The answer is content.")), new TestTools(), _owner, time: _time, scheduler: _scheduler);
        return (worker, (await worker.Callbacks.Secrets.SetAsync(_owner, null, CancellationToken.None)).Secret);
    }

    private Run Wanting(Run run) => run with { CallbackUrl = _receiver!.Url(Url), Notices = [RunCallback.Notice] };

    /// <summary>A run that has ended and whose callback is scheduled.</summary>
    private async Task<(Run Run, CallbackReference Reference)> EndAsync(DriverFixture worker, string? url = null)
    {
        var run = await worker.StartAsync(run => url is null ? Wanting(run) : Wanting(run) with { CallbackUrl = url });
        var end = await worker.AdvanceAsync(run);
        await worker.Endings.AnnounceAsync(worker.Reference(run), end, CancellationToken.None);
        return ((await worker.LoadAsync(run)).Run, Assert.Single(_scheduler.Callbacks));
    }

    private static async Task<CallbackState?> StateAsync(DriverFixture worker, Run run) => (await worker.LoadAsync(run)).Run.Callback;

    private sealed record Received(string Id, long Timestamp, string Signature, string Body);
}
