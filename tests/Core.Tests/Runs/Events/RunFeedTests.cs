using System.Runtime.CompilerServices;
using System.Text;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Models.Cache;
using Yggdrasil.Models.Clients;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs.Events;

/// <summary>Readers over real storage, on the instance that drives and on another.</summary>
[Collection(RunsAzurite.Name)]
public sealed class RunFeedTests(AzuriteFixture azurite)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Owner _owner = DriverFixture.NewOwner();
    private readonly TestTools _tools = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Text_is_read_while_it_is_said_here_and_elsewhere(bool elsewhere)
    {
        var rest = new TaskCompletionSource();
        var driver = Worker(Pieces(["One ", "two "], rest.Task, ["three."]));
        var reading = elsewhere ? Worker() : driver;
        var run = await driver.StartAsync(run => run with { Stream = true });
        await using var reader = (await reading.Events.OpenAsync(Scope(), run.Id, after: null, CancellationToken.None))!;
        var driving = driver.AdvanceAsync(run);

        var seen = await ReadUntilAsync(reader, events => Text(events) == "One two ");
        rest.SetResult();
        seen.AddRange(await ReadToEndAsync(reader));
        await driving;

        Assert.Equal("One two three.", seen.Single(item => item.Type == RunEventType.ModelCompleted).Entry!.Text());
        Assert.Equal(RunStatus.Completed, seen[^1].Run!.Status);
        Assert.StartsWith("One two ", Text(seen), StringComparison.Ordinal);
        Assert.Equal((await driver.LoadAsync(run)).Run.Output, seen[^1].Run!.Output);
    }

    [Fact]
    public async Task Driver_that_dies_in_mid_stream_leaves_text_that_the_next_one_voids()
    {
        var options = new RunOptions { LeaseSeconds = 9, LoseLeaseRenewals = true };
        var dying = new DriverFixture(azurite, new ScriptedModels(Says("")) { Stream = Pieces(["Void "], new TaskCompletionSource().Task, []) }, _tools, _owner, options);
        var run = await dying.StartAsync(run => run with { Stream = true });
        var reading = Worker();
        await using var reader = (await reading.Events.OpenAsync(Scope(), run.Id, after: null, CancellationToken.None))!;
        var driving = dying.AdvanceAsync(run);
        var seen = await ReadUntilAsync(reader, events => Text(events) == "Void ");

        await Worker(Pieces(["One ", "two."], Task.CompletedTask, [])).FinishAsync(run);
        await driving;
        var rest = await ReadToEndAsync(reader);

        Assert.Equal(RunEventType.ModelRestarted, rest[0].Type);
        Assert.Equal("One two.", rest.Single(item => item.Type == RunEventType.ModelCompleted).Entry!.Text());
        Assert.DoesNotContain("Void", Text(rest), StringComparison.Ordinal);
        var late = await ReadAllAsync(reading, run.Id, seen[^1].Id);
        Assert.Equal([RunEventType.ModelRestarted, RunEventType.ModelCompleted, RunEventType.RunEnded], late.Select(item => item.Type));
    }

    [Fact]
    public async Task Deltas_are_stored_encrypted_and_gone_with_the_end_of_the_run()
    {
        var (canary, rest) = ($"canary{Guid.NewGuid():N}", new TaskCompletionSource());
        var driver = Worker(Pieces([$"{canary} "], rest.Task, ["end"]));
        var run = await driver.StartAsync(run => run with { Stream = true });
        var driving = driver.AdvanceAsync(run);
        await Poll.UntilAsync(async () => (await BlobsAsync(driver)).Count == 1);

        var container = await driver.Storage.GetContentContainerAsync(CancellationToken.None);
        var name = Assert.Single(await BlobsAsync(driver));
        await Poll.UntilAsync(async () => (await container.GetBlobClient(name).GetPropertiesAsync()).Value.ContentLength > 0);
        var stored = (await container.GetBlobClient(name).DownloadContentAsync()).Value.Content.ToArray();
        rest.SetResult();
        await driving;

        Assert.DoesNotContain(canary, Encoding.UTF8.GetString(stored), StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(canary))[..20], Encoding.UTF8.GetString(stored), StringComparison.Ordinal);
        Assert.Empty(await BlobsAsync(driver));
    }

    [Fact]
    public async Task Deltas_go_with_everything_of_their_user()
    {
        var driver = Worker(Pieces(["One "], new TaskCompletionSource().Task, []));
        var run = await driver.StartAsync(run => run with { Stream = true });
        using var stopping = new CancellationTokenSource();
        var driving = driver.AdvanceAsync(run, stopping.Token);
        await Poll.UntilAsync(async () => (await BlobsAsync(driver)).Count == 1);
        await stopping.CancelAsync();
        await driving;

        Assert.True(await driver.UserData.RemoveAsync(_owner, Patience, CancellationToken.None));

        Assert.Empty(await BlobsAsync(driver));
    }

    [Fact]
    public async Task Log_tells_lines_of_its_epoch_on_once_and_none_that_was_moved()
    {
        var (storage, _, _) = azurite.Connect();
        var log = new DeltaLog(storage, azurite.Protector(), NullLogger<DeltaLog>.Instance);
        var (one, two) = (Ids.NewRun(), Ids.NewRun());
        await log.AppendAsync(_owner.Partition, one, [Line(1, 1, "old"), Line(2, 1, "new"), Line(2, 2, "newer")], CancellationToken.None);
        var container = await storage.GetContentContainerAsync(CancellationToken.None);
        var bytes = (await container.GetBlobClient($"{_owner.Partition}/deltas/{one}").DownloadContentAsync()).Value.Content;
        await container.GetBlobClient($"{_owner.Partition}/deltas/{two}").UploadAsync(bytes);

        var (first, offset) = await log.ReadAsync(_owner.Partition, one, 0, epoch: 2, CancellationToken.None);
        var (again, same) = await log.ReadAsync(_owner.Partition, one, offset, epoch: 2, CancellationToken.None);
        var (moved, _) = await log.ReadAsync(_owner.Partition, two, 0, epoch: 0, CancellationToken.None);

        Assert.Equal(["new", "newer"], first.Select(line => line.Text));
        Assert.Equal((0, offset), (again.Count, same));
        Assert.Empty(moved);
    }

    [Fact]
    public async Task Many_readers_of_a_finished_run_cost_storage_one_look()
    {
        var driver = Worker(Pieces(["One."], Task.CompletedTask, []));
        var run = await driver.StartAsync(run => run with { Stream = true });
        await driver.AdvanceAsync(run);
        var before = driver.Requests.Count;

        var first = (await driver.Events.OpenAsync(Scope(), run.Id, after: null, CancellationToken.None))!;
        var all = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => ReadAllAsync(driver, run.Id)));
        await first.DisposeAsync();

        Assert.All(all, events => Assert.Equal(3, events.Count));
        Assert.Equal(1, driver.Requests.Count - before);
    }

    [Fact]
    public async Task Run_that_is_removed_while_it_is_read_sends_its_readers_away()
    {
        var worker = Worker();
        var run = await worker.StartAsync();
        await using var reader = (await worker.Events.OpenAsync(Scope(), run.Id, after: null, CancellationToken.None))!;

        await worker.UserData.RemoveAsync(_owner, Patience, CancellationToken.None);

        Assert.Equal([RunEventType.RunStarted], (await ReadToEndAsync(reader)).Select(item => item.Type));
    }

    [Fact]
    public async Task Streamed_answer_is_journaled_as_the_same_answer_whole()
    {
        ChatResponseUpdate[] updates =
        [
            new(ChatRole.Assistant, "Void ") { ModelId = "scripted:two" },
            new(ChatRole.Assistant, [new FunctionCallContent("v", "echo")]),
            new(ChatRole.Assistant, [new UsageContent(new UsageDetails { InputTokenCount = 999, OutputTokenCount = 999 })]),
            new ModelRestart("scripted:two", "provider_unavailable").ToUpdate(),
            new(ChatRole.Assistant, "One ") { ModelId = "scripted:one" },
            new(ChatRole.Assistant, "two.") { ModelId = "scripted:one" },
            new(ChatRole.Assistant, [new UsageContent(new UsageDetails { InputTokenCount = 10, OutputTokenCount = 5 })]) { FinishReason = ChatFinishReason.Stop },
        ];
        var whole = new LoopFixture(new ScriptedModels(_ => Task.FromResult(Response(new TextContent("One two.")))));
        var streamed = new LoopFixture(new ScriptedModels(Says("")) { Stream = (_, _) => updates.ToAsyncEnumerable() });

        await whole.RunAsync();
        await streamed.RunAsync(run => run with { Stream = true });

        var (expected, entry) = (whole.Entries.Single(), streamed.Entries.Single());
        Assert.Equal(expected with { Messages = [] }, entry with { Messages = [] });
        Assert.Equal("One two.", Assert.IsType<TextContent>(Assert.Single(Assert.Single(entry.Messages).Contents)).Text);
        Assert.Equal(whole.Run.Usage, streamed.Run.Usage);
    }

    [Fact]
    public async Task Streamed_answer_of_the_cache_is_marked_as_such()
    {
        var answer = Response(new TextContent("Kept."));
        answer.AdditionalProperties = new() { [ResponseCache.CachedMark] = true };
        var loop = new LoopFixture(new ScriptedModels(_ => Task.FromResult(answer)));

        await loop.RunAsync(run => run with { Stream = true });

        Assert.True(loop.Entries.Single().Cached);
    }

    private DriverFixture Worker(Func<Task<ChatResponse>, CancellationToken, IAsyncEnumerable<ChatResponseUpdate>>? stream = null) =>
        new(azurite, new ScriptedModels(Says("Hello.")) { Stream = stream }, _tools, _owner);

    private static Func<Task<ChatResponse>, CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> Pieces(string[] before, Task gate, string[] after) =>
        (_, cancellationToken) => PiecesAsync(before, gate, after, cancellationToken);

    private static async IAsyncEnumerable<ChatResponseUpdate> PiecesAsync(
        string[] before, Task gate, string[] after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var piece in before)
        {
            yield return new ChatResponseUpdate(ChatRole.Assistant, piece) { ModelId = "scripted:one" };
        }

        await gate.WaitAsync(cancellationToken);
        foreach (var piece in after)
        {
            yield return new ChatResponseUpdate(ChatRole.Assistant, piece) { ModelId = "scripted:one" };
        }
    }

    private Scope Scope() => AccessPolicy.ScopeOf(new Caller(_owner, new HashSet<string>()), userId: null);

    private async Task<List<string>> BlobsAsync(DriverFixture worker)
    {
        var container = await worker.Storage.GetContentContainerAsync(CancellationToken.None);
        return await container.GetBlobsAsync(BlobTraits.None, BlobStates.None, $"{_owner.Partition}/", CancellationToken.None)
            .Select(blob => blob.Name).ToListAsync();
    }

    private async Task<List<RunEvent>> ReadAllAsync(DriverFixture worker, string runId, string? after = null)
    {
        await using var reader = (await worker.Events.OpenAsync(Scope(), runId, after, CancellationToken.None))!;
        return await ReadToEndAsync(reader);
    }

    private static Task<List<RunEvent>> ReadToEndAsync(RunEventReader reader) => ReadUntilAsync(reader, _ => false);

    private static async Task<List<RunEvent>> ReadUntilAsync(RunEventReader reader, Func<List<RunEvent>, bool> isEnough)
    {
        List<RunEvent> events = [];
        while (!isEnough(events))
        {
            if (reader.Next() is { } next)
            {
                events.Add(next);
            }
            else if (reader.HasEnded)
            {
                break;
            }
            else
            {
                Assert.True(await reader.WaitAsync(Patience, CancellationToken.None), $"Nothing came after {events.Count} events.");
            }
        }

        return events;
    }

    private static string Text(IEnumerable<RunEvent> events) => string.Concat(events.Select(item => item.Text));

    private static LiveEvent Line(int epoch, long sequence, string text) =>
        new() { Epoch = epoch, Sequence = sequence, Position = 1, Turn = 1, Kind = LiveKind.Text, Text = text };
}
