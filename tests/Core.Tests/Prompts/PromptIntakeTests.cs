using System.Text;
using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Work.Prompts;

namespace Yggdrasil.Tests.Prompts;

[Collection(WorkAzurite.Name)]
public sealed class PromptIntakeTests
{
    private readonly PromptFixture _app;
    private readonly string _id = $"p-{Guid.NewGuid():N}";

    public PromptIntakeTests(AzuriteFixture azurite) => _app = new PromptFixture(azurite);

    [Theory]
    [InlineData("rate_limited")]
    [InlineData("quota_exceeded")]
    [InlineData("too_many_concurrent_runs")]
    public async Task Limit_puts_a_prompt_off_and_counts_no_attempt(string code)
    {
        _app.Refusal.Failure = Limit(code);
        var before = await _app.CountDeferredAsync();

        await _app.AcceptAsync(_app.Prompt(_id), _app.Delivery(_id));

        Assert.Equal(before + 1, await _app.CountDeferredAsync());
        Assert.Empty(await _app.RecordsAsync());
        Assert.Empty(await _app.ResultsAsync(_id));
    }

    [Fact]
    public async Task Prompt_that_was_put_off_for_too_long_is_recorded_with_the_limits_code()
    {
        _app.Refusal.Failure = Limit("quota_exceeded");
        var since = _app.Time.GetUtcNow().AddHours(-49);
        var before = await _app.CountDeferredAsync();

        await _app.AcceptAsync(_app.Prompt(_id), PutOff(_app.Delivery(_id), since));

        Assert.Equal("quota_exceeded", Assert.Single(await _app.RecordsAsync()).Code);
        Assert.Equal(before, await _app.CountDeferredAsync());
        Assert.Contains("\"rejected\"", Assert.Single(await _app.ResultsAsync(_id)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2020-01-01T00:00:00.0000000Z")]
    [InlineData("2999-01-01T00:00:00.0000000Z")]
    [InlineData("2020-01-01T00:00:00.0000000Z 0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task Time_that_a_sender_wrote_is_not_believed(string since)
    {
        _app.Refusal.Failure = Limit("quota_exceeded");
        var delivery = _app.Delivery(_id);
        var forged = delivery with { Body = BinaryData.FromString($$"""{"deferredSince":"{{since}}",{{delivery.Body.ToString()[1..]}}""") };
        var before = await _app.CountDeferredAsync();

        await _app.AcceptAsync(_app.Prompt(_id), forged);

        Assert.Empty(await _app.RecordsAsync());
        Assert.Equal(before + 1, await _app.CountDeferredAsync());
        var copy = _app.Deferral.Add(forged.Body, _app.Time.GetUtcNow());
        Assert.Equal(_app.Time.GetUtcNow(), _app.Deferral.SinceOf(copy));
        Assert.Equal(delivery.Body.ToString(), Deferral.Remove(copy).ToString());
    }

    [Fact]
    public async Task Record_without_an_owner_shows_nothing_that_its_sender_chose()
    {
        var why = new PromptRejection(PromptCodes.Malformed, "secretField: Is not a field.", PromptId: _id, Owner: null, AgentId: "secret-agent");
        var delivery = _app.Delivery(_id) with { EnqueuedAt = _app.Time.GetUtcNow() };

        await _app.Intake.RejectAsync(why, delivery, CancellationToken.None);
        var stranger = _app.Operator with { Owner = new($"t{Guid.NewGuid():N}", "op") };
        var listed = await _app.Service.ListAsync(stranger, 100, null, CancellationToken.None);

        var record = listed.Items.First(item => item.Owner is null && item.EnqueuedAt == delivery.EnqueuedAt);
        Assert.Equal((null, null, PromptCodes.Malformed), (record.PromptId, record.AgentId, record.Code));
        Assert.DoesNotContain("secret", record.Detail, StringComparison.OrdinalIgnoreCase);
        var replayed = await _app.Service.ReplayAsync(stranger, record.Id, CancellationToken.None);
        Assert.Null(replayed.PromptId);
        Assert.Null((await _app.Service.ListAsync(_app.Operator, 100, null, CancellationToken.None)).Items.First(item => item.Id == record.Id).ReplayedBy);
    }

    [Fact]
    public async Task Original_delivered_again_beside_its_copy_is_the_same_run()
    {
        _app.Refusal.Failure = Limit("rate_limited");
        var delivery = _app.Delivery(_id);
        await _app.AcceptAsync(_app.Prompt(_id), delivery);
        _app.Refusal.Failure = null;

        await _app.AcceptAsync(_app.Prompt(_id), PutOff(_app.Delivery(_id), _app.Time.GetUtcNow()));
        await _app.AcceptAsync(_app.Prompt(_id), delivery with { Attempt = 2 });

        var instances = _app.Scheduler.Scheduled.Select(scheduled => scheduled.InstanceId).Distinct();
        Assert.Single(instances);
        Assert.Empty(await _app.RecordsAsync());
    }

    [Fact]
    public async Task Full_queue_of_a_conversation_puts_a_prompt_off()
    {
        _app.Refusal.Failure = new ConflictException("Enough wait for this conversation.");
        var before = await _app.CountDeferredAsync();

        await _app.AcceptAsync(_app.Prompt(_id, conversationId: "c-1"), _app.Delivery(_id));

        Assert.Equal(before + 1, await _app.CountDeferredAsync());
        Assert.Empty(await _app.RecordsAsync());
    }

    [Fact]
    public async Task Storage_that_does_not_answer_in_time_puts_a_prompt_off_and_costs_no_attempt()
    {
        _app.Refusal.Failure = new TimeoutException("Storage does not answer.");
        var before = await _app.CountDeferredAsync();

        await _app.AcceptAsync(_app.Prompt(_id, conversationId: "c-1"), _app.Delivery(_id));

        Assert.Equal(before + 1, await _app.CountDeferredAsync());
        Assert.Empty(await _app.RecordsAsync());
    }

    [Fact]
    public async Task Failure_that_is_not_the_prompts_is_thrown_and_at_last_recorded()
    {
        _app.Refusal.Failure = new InvalidOperationException("This is a fault of the app.");
        var delivery = _app.Delivery(_id);

        await Assert.ThrowsAsync<InvalidOperationException>(() => _app.AcceptAsync(_app.Prompt(_id), delivery));
        Assert.Empty(await _app.RecordsAsync());
        await _app.Intake.GiveUpAsync(_app.Prompt(_id), delivery, CancellationToken.None);

        var record = Assert.Single(await _app.RecordsAsync());
        Assert.Equal((PromptCodes.AttemptsExhausted, 3, _app.Owner), (record.Code, record.Attempts, record.Owner));
    }

    [Fact]
    public async Task Record_of_a_message_that_is_delivered_again_is_one()
    {
        var delivery = _app.Delivery(_id);

        for (var attempt = 1; attempt <= 3; attempt++)
        {
            await _app.Intake.GiveUpAsync(_app.Prompt(_id), delivery with { Attempt = attempt }, CancellationToken.None);
        }

        Assert.Single(await _app.RecordsAsync());
    }

    [Fact]
    public async Task Record_keeps_what_the_sender_sent_without_our_own_field_and_protected()
    {
        var delivery = _app.Delivery(_id);
        var copy = PutOff(delivery, _app.Time.GetUtcNow());

        await _app.Intake.GiveUpAsync(_app.Prompt(_id), copy, CancellationToken.None);

        var record = Assert.Single(await _app.RecordsAsync());
        var (_, body) = (await _app.Worker.Poison.FindAsync(_app.Owner.Tenant, record.Id, CancellationToken.None))!.Value;
        Assert.Equal(delivery.Body.ToString(), body.ToString());
        var table = await _app.Worker.Storage.GetWorkTableAsync(CancellationToken.None);
        var row = await table.QueryAsync<TableEntity>(row => row.PartitionKey == Owner.RolePartition(_app.Owner.Tenant, Caller.OperatorRole)).SingleAsync();
        Assert.DoesNotContain(row, property => property.Value is byte[] bytes && Encoding.UTF8.GetString(bytes).Contains("Hello", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Record_of_another_tenant_is_neither_listed_nor_replayed()
    {
        await _app.Intake.GiveUpAsync(_app.Prompt(_id), _app.Delivery(_id), CancellationToken.None);
        var record = Assert.Single(await _app.RecordsAsync());
        var stranger = _app.Operator with { Owner = new("another", "op") };

        var listed = await _app.Service.ListAsync(stranger, 100, null, CancellationToken.None);

        Assert.DoesNotContain(listed.Items, item => item.Id == record.Id);
        await Assert.ThrowsAsync<NotFoundException>(() => _app.Service.ReplayAsync(stranger, record.Id, CancellationToken.None));
    }

    [Fact]
    public async Task Records_are_removed_when_their_days_are_over()
    {
        await _app.Intake.GiveUpAsync(_app.Prompt(_id), _app.Delivery(_id), CancellationToken.None);
        await _app.Worker.Retention.RunAsync(CancellationToken.None);
        Assert.Single(await _app.RecordsAsync());

        _app.Time.Advance(TimeSpan.FromDays(92));
        await _app.Worker.Retention.RunAsync(CancellationToken.None);

        Assert.Empty(await _app.RecordsAsync());
    }

    private PromptDelivery PutOff(PromptDelivery delivery, DateTimeOffset since) => delivery with { Body = _app.Deferral.Add(delivery.Body, since) };

    private static LimitException Limit(string code) => code switch
    {
        "rate_limited" => new RateLimitedException("Too fast.", TimeSpan.FromSeconds(20)),
        "quota_exceeded" => new QuotaExceededException("Used up.", TimeSpan.FromHours(5)),
        _ => new TooManyConcurrentRunsException("Too many.", TimeSpan.FromSeconds(5)),
    };
}
