using Azure;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Models;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Metering;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>An answer is paid for once, whatever becomes of recording it.</summary>
public sealed class AnswerRecordTests
{
    [Fact]
    public async Task Answer_that_storage_does_not_take_for_a_while_waits_for_it_and_is_not_asked_for_again()
    {
        using var models = new ScriptedModels(Says("Done."));
        var journal = await RunAsync(models, new RequestFailedException(503, "Busy."), new AggregateException(new IOException()), new RequestFailedException(429, "Slow down."));

        Assert.Equal((RunStatus.Completed, "Done.", 15L), (journal.Run.Status, journal.Run.Output, journal.Run.Usage.TotalTokens));
        Assert.Single(models.Prompts);
    }

    [Fact]
    public async Task Answer_that_cannot_be_recorded_is_a_step_that_failed_with_what_it_cost()
    {
        using var models = new ScriptedModels(Says("Done."));
        var journal = await RunAsync(models, new InvalidOperationException("Secret."));

        Assert.Equal((RunStatus.Failed, StopReason.InternalError, null), (journal.Run.Status, journal.Run.StopReason, journal.Run.Output));
        Assert.StartsWith("The model's answer could not be used (err_", journal.Run.Error!.Message, StringComparison.Ordinal);
        var step = Assert.Single(journal.Transcript.Entries);
        Assert.Equal((StepStatus.Failed, FinishReason.Error, 10L, ""), (step.Status, step.FinishReason, step.InputTokens, step.Text()));
        Assert.Equal(15, journal.Run.Usage.TotalTokens);
        Assert.Single(models.Prompts);
    }

    [Fact]
    public async Task Whatever_is_thrown_after_something_was_sent_is_a_step_that_failed()
    {
        using var models = new ScriptedModels(async prompt =>
        {
            await Task.Yield();
            CallLedger.Current!.Add(new ModelId("scripted", "one"), [.. prompt], options: null).Answered(Response(new TextContent("Paid.")));
            throw new DivideByZeroException();
        });
        var journal = await RunAsync(models);

        Assert.Equal((RunStatus.Failed, StopReason.InternalError, "internal_error"), (journal.Run.Status, journal.Run.StopReason, journal.Run.Error!.Code));
        Assert.Equal(15, journal.Run.Usage.TotalTokens);
        Assert.Single(models.Prompts);
    }

    [Fact]
    public async Task Call_that_fails_before_anything_was_sent_is_a_step_that_costs_nothing()
    {
        using var models = new ScriptedModels(Fails(new ProviderException("provider_rejected", FailureClass.Stop, "No.")));
        var journal = await RunAsync(models);

        Assert.Equal((RunStatus.Failed, "provider_rejected"), (journal.Run.Status, journal.Run.Error!.Code));
        var step = Assert.Single(journal.Transcript.Entries);
        Assert.Equal((EntryKind.Model, StepStatus.Failed, null, null), (step.Kind, step.Status, step.InputTokens, step.CostUsd));
        Assert.Equal(0, journal.Run.Turns);
        Assert.Equal((0L, 0), (journal.Run.Usage.TotalTokens, journal.Run.Usage.ModelCalls));
    }

    [Fact]
    public async Task Paused_turn_is_sent_again_with_what_was_said_and_goes_on()
    {
        using var models = new ScriptedModels(Ends("First half", "pause_turn"), Ends(", second half.", "end_turn"));
        var journal = await RunAsync(models);

        Assert.Equal((RunStatus.Completed, StopReason.Completed, ", second half."), (journal.Run.Status, journal.Run.StopReason, journal.Run.Output));
        Assert.Equal(["user", "assistant"], models.Prompts[1].Select(message => message.Role.Value));
    }

    [Theory]
    [InlineData("max_tokens", StopReason.MaxOutputTokens, RunStatus.Completed)]
    [InlineData("model_context_window_exceeded", StopReason.MaxOutputTokens, RunStatus.Completed)]
    [InlineData("refusal", StopReason.Refused, RunStatus.Failed)]
    [InlineData("end_turn", StopReason.Completed, RunStatus.Completed)]
    [InlineData("stop_sequence", StopReason.Completed, RunStatus.Completed)]
    [InlineData("something_new", StopReason.Completed, RunStatus.Completed)]
    [InlineData("", StopReason.Completed, RunStatus.Completed)]
    public async Task Reason_is_understood_in_every_vendors_words(string reason, StopReason expected, RunStatus status)
    {
        using var models = new ScriptedModels(Ends("Words.", reason));
        var journal = await RunAsync(models);
        Assert.Equal((expected, status, "Words."), (journal.Run.StopReason, journal.Run.Status, journal.Run.Output));
    }

    [Fact]
    public async Task Refusal_without_a_word_is_no_empty_success()
    {
        using var models = new ScriptedModels(_ => Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, [])) { FinishReason = new ChatFinishReason("refusal") }));
        var journal = await RunAsync(models);
        Assert.Equal((StopReason.Refused, RunStatus.Failed, null), (journal.Run.StopReason, journal.Run.Status, journal.Run.Output));
    }

    [Fact]
    public async Task Empty_answer_is_not_asked_for_again_where_no_turn_is_left()
    {
        using var models = new ScriptedModels(Ends("", "length"));
        var journal = new FaultyJournal(new MemoryRunJournal(
            LoopFixture.NewRun(Agent with { MaxTurns = 1 }, TimeProvider.System.GetUtcNow()), [new ChatMessage(ChatRole.User, "Hello")]), []);
        await DriveAsync(models, journal);

        Assert.Equal("max_output_tokens", journal.Run.Error!.Code);
        Assert.Single(models.Prompts);
    }

    private static AgentDefinition Agent => new() { Model = "scripted:one" };

    private static Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>> Ends(string text, string reason) => _ =>
    {
        var response = Response(new TextContent(text));
        response.FinishReason = new ChatFinishReason(reason.Length == 0 ? "unknown" : reason);
        return Task.FromResult(response);
    };

    private static async Task<FaultyJournal> RunAsync(ScriptedModels models, params Exception[] faults)
    {
        var journal = new FaultyJournal(
            new MemoryRunJournal(LoopFixture.NewRun(Agent, TimeProvider.System.GetUtcNow()), [new ChatMessage(ChatRole.User, "Hello")]), new Queue<Exception>(faults));
        await DriveAsync(models, journal);
        return journal;
    }

    private static async Task DriveAsync(ScriptedModels models, FaultyJournal journal)
    {
        using var slice = new Slice(TimeSpan.FromMinutes(1), TimeProvider.System, CancellationToken.None, CancellationToken.None);
        await LoopFixture.CreateLoop(models, new TestTools().Catalog(), new RunOptions(), TimeProvider.System).AdvanceAsync(journal, slice);
    }

    /// <summary>A journal whose first commits fail.</summary>
    private sealed class FaultyJournal(MemoryRunJournal inner, Queue<Exception> faults) : IRunJournal
    {
        public Run Run => inner.Run;

        public Transcript Transcript => inner.Transcript;

        public ILiveEvents Live => inner.Live;

        public bool CanWait => inner.CanWait;

        public Task CommitAsync(Run next, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken) =>
            faults.TryDequeue(out var fault) ? Task.FromException(fault) : inner.CommitAsync(next, entries, cancellationToken);

        public Task<(Run? Run, bool WasDeleted)> FindChildAsync(string runId, CancellationToken cancellationToken) => inner.FindChildAsync(runId, cancellationToken);

        public Task ReserveCallAsync(CancellationToken cancellationToken) => inner.ReserveCallAsync(cancellationToken);
    }
}
