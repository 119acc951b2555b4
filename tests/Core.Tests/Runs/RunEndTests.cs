using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Agents;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>A call that had begun when its run ended may have taken effect, so it is in the steps, whatever ended the run.</summary>
[Collection(RunsAzurite.Name)]
public sealed class RunEndTests(AzuriteFixture azurite)
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    public static TheoryData<string> Reasons => new("deadline", "cancel", "cancel of a driven run", "failure", "unreadable row", "approval expiry");

    [Theory]
    [MemberData(nameof(Reasons))]
    public async Task Begun_call_is_recorded_as_unknown_and_one_that_was_not_begun_is_not(string reason)
    {
        var app = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), new TestTools(), DriverFixture.NewOwner(), time: _time);
        app.Agent = app.Agent with { Approvals = ["echo"], Tools = ["echo", "post"], OnApprovalExpired = ApprovalExpiry.Expire, DeadlineSeconds = 3600 };
        var run = await BegunAsync(app);
        var restore = await EndAsync(app, run, reason);

        await restore();
        var (ended, entries) = await app.LoadAsync(run);
        var unknown = Assert.Single(entries, entry => entry.Kind == EntryKind.Tool);
        Assert.True(ended.IsTerminal);
        Assert.Equal(("t1c0", "post", StepStatus.Unknown, 1), (unknown.CallId, unknown.Name, unknown.Status, unknown.Turn));
        Assert.Equal(ToolExecutor.UnknownOutcome, Assert.Single(unknown.Messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>()).Result?.ToString());
        Assert.Equal(Ids.WireToolCall(run.Id, "t1c0"), Assert.IsType<FunctionResultContent>(unknown.Messages[0].Contents[0]).CallId);
        Assert.Equal((1, entries[^1].Sequence + 1), (ended.Usage.ToolCalls, ended.NextSequence));
    }

    [Fact]
    public void Nothing_else_makes_a_run_terminal()
    {
        // The status that goes with a reason is what ends a run; whoever asks for it elsewhere ends one past this place.
        var sources = Directory.EnumerateFiles(Checkout.PathOf("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains(".Status()", StringComparison.Ordinal))
            .Select(Path.GetFileName);
        Assert.Equal(["RunEnd.cs"], sources);
    }

    /// <summary>A run whose model asked for two calls: one has begun and has no result, the other waits for a human.</summary>
    private async Task<Run> BegunAsync(DriverFixture app)
    {
        var run = await app.StartAsync();
        var answer = new JournalEntry
        {
            Kind = EntryKind.Model,
            Turn = 1,
            StartedAt = _time.GetUtcNow(),
            Messages =
            [
                new ChatMessage(ChatRole.Assistant,
                [
                    new FunctionCallContent(Ids.WireToolCall(run.Id, "t1c0"), "post", new Dictionary<string, object?> { ["text"] = "a" }),
                    new FunctionCallContent(Ids.WireToolCall(run.Id, "t1c1"), "echo", new Dictionary<string, object?> { ["text"] = "b" }),
                ]),
            ],
        };
        var transcript = new Transcript([], [answer]);
        var expiresAt = _time.GetUtcNow().AddMinutes(5);
        var asked = PendingApproval.Of(run, transcript.PendingCalls[1], expiresAt);
        List<JournalEntry> entries =
        [
            answer,
            new() { Kind = EntryKind.Intent, Turn = 1, CallId = "t1c0", Name = "post", StartedAt = _time.GetUtcNow(), UnknownAfter = _time.GetUtcNow().AddHours(9) },
            new() { Kind = EntryKind.ApprovalRequested, Turn = 1, CallId = "t1c1", Name = "echo", StartedAt = _time.GetUtcNow(), ExpiresAt = expiresAt },
        ];
        var waiting = run with { Turns = 1, Status = RunStatus.Waiting, Awaited = [asked], StartedAt = _time.GetUtcNow() };
        return (await app.Store.CommitAsync(waiting, entries.Numbered(run.NextSequence), CancellationToken.None))!;
    }

    /// <returns>Makes what was damaged readable again.</returns>
    private async Task<Func<Task>> EndAsync(DriverFixture app, Run run, string reason)
    {
        switch (reason)
        {
            case "deadline":
                _time.Advance(TimeSpan.FromHours(2));
                await app.FinishAsync(run);
                break;
            case "cancel":
                await app.Control.CancelAsync(app.Scope, run.Id, CancellationToken.None);
                break;
            case "cancel of a driven run":
                await app.Store.RequestCancelAsync(app.Owner.Partition, run.Id, CancellationToken.None);
                await app.FinishAsync(run);
                break;
            case "failure":
                await app.Driver.FailAsync(app.Reference(run), "err_1", CancellationToken.None);
                break;
            case "approval expiry":
                _time.Advance(TimeSpan.FromMinutes(6));
                await app.FinishAsync(run);
                break;
            default:
                var table = await app.Storage.GetWorkTableAsync(CancellationToken.None);
                var row = (await table.GetEntityAsync<TableEntity>(app.Owner.Partition, RowKeys.Run(run.Id))).Value;
                var agent = row.GetBinary("Agent");
                await WriteAsync(table, row, [0, .. agent[1..]]);
                await app.Driver.FailAsync(app.Reference(run), "err_1", CancellationToken.None);
                return () => WriteAsync(table, row, agent);
        }

        return () => Task.CompletedTask;
    }

    private static async Task WriteAsync(TableClient table, TableEntity row, byte[] agent) =>
        await table.UpdateEntityAsync(new TableEntity(row.PartitionKey, row.RowKey) { ["Agent"] = agent }, ETag.All, TableUpdateMode.Merge);
}
