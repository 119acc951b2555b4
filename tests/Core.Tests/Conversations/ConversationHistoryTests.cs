using Microsoft.Extensions.AI;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Conversations.ConversationFixture;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Conversations;

/// <summary>What is kept of a conversation, and what of it models and readers see.</summary>
[Collection(WorkAzurite.Name)]
public sealed class ConversationHistoryTests(AzuriteFixture azurite)
{
    private readonly ConversationFixture _talk = new(azurite);

    [Fact]
    public async Task Model_is_shown_the_earlier_runs_on_another_instance_too()
    {
        await TurnAsync(_talk.Worker(Calls(("echo", new { text = "a" })), Says("One.")));
        var models = new ScriptedModels(Says("Two."));

        await TurnAsync(_talk.Worker(models));

        Assert.Equal(["user", "assistant", "tool", "assistant", "user"], models.Prompts[0].Select(message => message.Role.Value));
        Assert.Equal("One.", models.Prompts[0][3].Text);
        var call = models.Prompts[0][1].Contents.OfType<FunctionCallContent>().Single();
        Assert.Equal(call.CallId, models.Prompts[0][2].Contents.OfType<FunctionResultContent>().Single().CallId);
    }

    [Fact]
    public async Task Call_that_was_cut_off_has_a_result_in_the_history()
    {
        var models = new ScriptedModels(Calls(("echo", new { text = "a" }), ("echo", new { text = "b" })), Says("Later."));
        var worker = _talk.Worker(models);
        var cancelled = await StartAsync(worker, change: run => run with { Agent = run.Agent with { MaxTurns = 1 } });
        await worker.FinishAsync(cancelled);

        await TurnAsync(worker);

        var results = models.Prompts[1].SelectMany(message => message.Contents).OfType<FunctionResultContent>().ToList();
        Assert.Equal(
            models.Prompts[1].SelectMany(message => message.Contents).OfType<FunctionCallContent>().Select(call => call.CallId),
            results.Select(result => result.CallId));
        Assert.All(results, result => Assert.Contains("not made", result.Result!.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Run_that_no_model_answered_is_kept_but_not_shown_to_models()
    {
        var refusal = new ProviderException(ProviderException.ContentFilter, FailureClass.Stop, "Filtered.");
        var models = new ScriptedModels(Fails(refusal), Says("Fine."));
        var worker = _talk.Worker(models);
        var refused = await TurnAsync(worker);

        await TurnAsync(worker);

        Assert.Equal(StopReason.ContentFilter, refused.StopReason);
        Assert.Equal(["user"], models.Prompts[1].Select(message => message.Role.Value));
        Assert.Equal(["user", "user", "assistant"], (await _talk.MessagesAsync(worker)).Select(item => item.Message.Role.Value));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public async Task Messages_are_paged_oldest_first_each_once_with_its_time(int limit)
    {
        var worker = _talk.Worker(Calls(("echo", new { text = "a" })), Says("One."), Says("Two."));
        await TurnAsync(worker);
        await TurnAsync(worker);

        var messages = await _talk.MessagesAsync(worker, limit);

        Assert.Equal(["Hello", "", "", "One.", "Hello", "Two."], messages.Select(item => item.Message.Text));
        Assert.Equal(messages.Count, messages.Select(item => item.Id).Distinct().Count());
        Assert.All(messages, item => Assert.NotNull(item.Message.CreatedAt));
        Assert.Equal(messages.Select(item => item.Message.CreatedAt).Order(), messages.Select(item => item.Message.CreatedAt));
        Assert.Equal(6, (await _talk.GetAsync(worker)).Messages);
    }

    [Fact]
    public async Task Messages_of_the_active_run_are_seen_before_it_ends_under_the_same_ids()
    {
        var answer = new TaskCompletionSource<ChatResponse>();
        var asked = new TaskCompletionSource();
        var worker = _talk.Worker(Calls(("echo", new { text = "a" })), _ => { asked.TrySetResult(); return answer.Task; });
        var run = await StartAsync(worker);
        var driving = worker.FinishAsync(run);
        await asked.Task;

        var before = await _talk.MessagesAsync(worker);
        answer.SetResult(Response(new TextContent("Done.")));
        await driving;
        var after = await _talk.MessagesAsync(worker);

        Assert.Equal(["user", "assistant", "tool"], before.Select(item => item.Message.Role.Value));
        Assert.Equal(before.Select(item => item.Id), after.Take(3).Select(item => item.Id));
        Assert.Equal("Done.", after[3].Message.Text);
    }

    [Fact]
    public async Task Conversations_are_listed_last_active_first()
    {
        var worker = _talk.Worker(Says("Done."));
        foreach (var id in (string[])["a", "b", "c", "a"])
        {
            await worker.FinishAsync(await worker.StartAsync(run => run with { ConversationId = id }));
        }

        var first = await worker.Conversations.ListAsync(_talk.Scope, 2, null, CancellationToken.None);
        var second = await worker.Conversations.ListAsync(_talk.Scope, 2, first.Next, CancellationToken.None);

        Assert.Equal(["a", "c"], first.Items.Select(item => item.Id));
        Assert.Equal(["b"], second.Items.Select(item => item.Id));
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task Runs_of_one_conversation_are_listed_without_reading_past_others()
    {
        var worker = _talk.Worker(Says("Done."));
        var runs = new[] { await TurnAsync(worker), await TurnAsync(worker) };
        for (var i = 0; i < 5; i++)
        {
            await worker.StartAsync();
        }

        var before = worker.Requests.Count;
        var page = await worker.Lists.ListAsync(_talk.Owner, new RunFilter(ConversationId: Id), 20, null, CancellationToken.None);

        Assert.Equal(runs.Reverse().Select(run => run.Id), page.Items.Select(run => run.Id));
        Assert.Equal(3, worker.Requests.Count - before);
    }

    [Fact]
    public async Task Deleted_conversation_leaves_no_row_and_no_blob()
    {
        var worker = _talk.Worker(Says(new string('x', 100_000)));
        await TurnAsync(worker);
        var other = await worker.FinishAsync(await worker.StartAsync());
        Assert.True(await _talk.BlobsAsync(worker) > 0);
        var blobs = await BlobsOfAsync(worker, other);

        await worker.Conversations.DeleteAsync(_talk.Scope, Id, CancellationToken.None);

        Assert.All(await _talk.RowKeysAsync(worker), key => Assert.Contains(other.Id, key, StringComparison.Ordinal));
        Assert.Equal(blobs, await _talk.BlobsAsync(worker));
        Assert.NotEmpty(worker.Scheduler.Purged);
        await Assert.ThrowsAsync<NotFoundException>(() => _talk.GetAsync(worker));
    }

    [Fact]
    public async Task Conversation_with_an_active_run_is_not_deleted()
    {
        var worker = _talk.Worker(Says("Done."));
        await StartAsync(worker);

        await Assert.ThrowsAsync<ConflictException>(() => worker.Conversations.DeleteAsync(_talk.Scope, Id, CancellationToken.None));
        Assert.NotNull((await _talk.GetAsync(worker)).ActiveRun);
    }

    [Fact]
    public async Task Deletion_that_was_cut_short_is_completed_by_repeating_it()
    {
        var worker = _talk.Worker(Says("Done."));
        await TurnAsync(worker);
        await TurnAsync(worker);
        worker.Scheduler.IsRunning = _ => throw new TimeoutException();
        await Assert.ThrowsAsync<TimeoutException>(() => worker.Conversations.DeleteAsync(_talk.Scope, Id, CancellationToken.None));
        worker.Scheduler.IsRunning = _ => false;
        await Assert.ThrowsAsync<NotFoundException>(() => _talk.GetAsync(worker));
        await Assert.ThrowsAsync<ConflictException>(() => StartAsync(worker));

        await worker.Conversations.DeleteAsync(_talk.Scope, Id, CancellationToken.None);

        Assert.Empty(await _talk.RowKeysAsync(worker));
    }

    /// <summary>Run, journal and exchange of a run hold its output once each.</summary>
    private static async Task<int> BlobsOfAsync(DriverFixture worker, Run run)
    {
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        var rows = await table.QueryAsync<Azure.Data.Tables.TableEntity>(row => row.PartitionKey == worker.Owner.Partition)
            .Where(row => row.RowKey.StartsWith($"run!{run.Id}", StringComparison.Ordinal)).ToListAsync();
        return rows.Sum(row => row.Count(property => property.Value is byte[] and [2, ..]));
    }
}
