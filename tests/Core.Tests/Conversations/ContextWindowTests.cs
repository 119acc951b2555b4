using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Conversations.ConversationFixture;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Conversations;

/// <summary>A conversation that outgrows its agent's budget.</summary>
[Collection(WorkAzurite.Name)]
public sealed class ContextWindowTests(AzuriteFixture azurite)
{
    private const int MaxTokens = 1000;
    private static readonly string Long = string.Join(' ', Enumerable.Repeat("word", 60));

    private readonly ConversationFixture _talk = new(azurite);

    [Fact]
    public async Task Oldest_messages_are_left_out_of_the_prompt_and_kept_in_the_log()
    {
        var models = new ScriptedModels(Says(Long));
        var worker = Worker(models, ContextStrategy.Truncate);
        for (var turn = 0; turn < 30; turn++)
        {
            await TurnAsync(worker);
        }

        Assert.All(models.Prompts, prompt => Assert.InRange(Limits.TestTokens.Of(prompt), 1, MaxTokens));
        Assert.All(models.Prompts, prompt => Assert.Equal(ChatRole.User, prompt[0].Role));
        Assert.InRange(models.Prompts.Max(prompt => prompt.Count), 5, 50);
        Assert.Equal(60, (await _talk.MessagesAsync(worker)).Count);
    }

    [Fact]
    public async Task Cut_moves_seldom_so_that_prompts_keep_their_beginning()
    {
        var models = new ScriptedModels(Says(Long));
        var worker = Worker(models, ContextStrategy.Truncate);
        for (var turn = 0; turn < 30; turn++)
        {
            await TurnAsync(worker);
        }

        var grew = models.Prompts.Zip(models.Prompts.Skip(1)).Count(pair => pair.Second.Count > pair.First.Count);
        Assert.InRange(grew, 20, 29);
    }

    [Fact]
    public async Task Long_run_of_many_tool_calls_fits_too()
    {
        var turn = 0;
        var models = new ScriptedModels(_ => Task.FromResult(turn++ < 15
            ? Response(new FunctionCallContent($"p{turn}", "echo", new Dictionary<string, object?> { ["text"] = Long }))
            : Response(new TextContent("Done."))));
        var worker = Worker(models, ContextStrategy.Truncate);

        var run = await TurnAsync(worker);
        await TurnAsync(worker);

        Assert.Equal("Done.", run.Output);
        Assert.All(models.Prompts, prompt => Assert.InRange(Limits.TestTokens.Of(prompt), 1, MaxTokens));
        Assert.All(models.Prompts, prompt => Assert.Equal("Hello", prompt[0].Text));
        Assert.All(models.Prompts, prompt => Assert.Equal(
            prompt.SelectMany(message => message.Contents).OfType<FunctionCallContent>().Select(call => call.CallId),
            prompt.SelectMany(message => message.Contents).OfType<FunctionResultContent>().Select(result => result.CallId)));
    }

    [Fact]
    public async Task Summary_is_made_once_journaled_paid_and_reused_by_later_runs_on_other_instances()
    {
        var first = new ScriptedModels(Answer);
        var worker = Worker(first, ContextStrategy.Summarize);
        var run = await TurnAsync(worker);
        while (!first.Prompts.Any(IsSummary))
        {
            run = await TurnAsync(worker);
        }

        var second = new ScriptedModels(Answer);
        var other = Worker(second, ContextStrategy.Summarize);
        await TurnAsync(other);

        var entry = Assert.Single((await worker.LoadAsync(run)).Entries, entry => entry.Kind == EntryKind.Summary);
        Assert.Equal((2, 20), (run.Usage.ModelCalls, run.Usage.InputTokens));
        Assert.Equal(1, run.Turns);
        Assert.Contains("They said words.", entry.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain(second.Prompts, IsSummary);
        Assert.StartsWith("Summary of the earlier conversation", second.Prompts[0][0].Text, StringComparison.Ordinal);
        Assert.Equal(first.Prompts[^1].Select(message => message.Text), second.Prompts[0].Take(first.Prompts[^1].Count).Select(message => message.Text));
    }

    [Fact]
    public async Task Next_summary_contains_the_one_before()
    {
        var models = new ScriptedModels(Answer);
        var worker = Worker(models, ContextStrategy.Summarize);
        while (models.Prompts.Count(IsSummary) < 3)
        {
            await TurnAsync(worker);
        }

        var summaries = models.Prompts.Where(IsSummary).ToList();
        Assert.DoesNotContain("They said words.", summaries[0][1].Text, StringComparison.Ordinal);
        Assert.All(summaries.Skip(1), prompt => Assert.Contains("They said words.", prompt[1].Text, StringComparison.Ordinal));
        Assert.DoesNotContain(await _talk.MessagesAsync(worker), item => item.Message.Text.Contains("They said words.", StringComparison.Ordinal));
        Assert.Equal(1, (await _talk.RowKeysAsync(worker)).Count(key => key.EndsWith("!s", StringComparison.Ordinal)));
        Assert.All(models.Prompts, prompt => Assert.InRange(Limits.TestTokens.Of(prompt), 1, MaxTokens));
    }

    [Fact]
    public async Task Recorded_summary_is_not_made_again_by_the_next_driver()
    {
        var asked = false;
        var models = new ScriptedModels(prompt => !asked && prompt[0].Text.StartsWith("Summary", StringComparison.Ordinal)
            ? throw new InvalidOperationException($"Crash {asked = true}")
            : Answer(prompt));
        var worker = Worker(models, ContextStrategy.Summarize);
        Run? run = null;
        while (!asked)
        {
            run = await StartAsync(worker);
            try
            {
                await worker.FinishAsync(run);
            }
            catch (InvalidOperationException)
            {
                // The driver died between the summary and the answer.
            }
        }

        await worker.FinishAsync(run!);

        Assert.Single(models.Prompts, IsSummary);
    }

    [Fact]
    public async Task Run_goes_on_without_a_summary_that_no_model_makes()
    {
        var models = new ScriptedModels(prompt => IsSummary(prompt)
            ? throw new ProviderException("provider_unavailable", FailureClass.Stop, "No.")
            : Answer(prompt));
        var worker = Worker(models, ContextStrategy.Summarize);
        for (var turn = 0; turn < 12; turn++)
        {
            Assert.Equal(RunStatus.Completed, (await TurnAsync(worker)).Status);
        }

        Assert.Contains(models.Prompts, IsSummary);
        Assert.All(models.Prompts, prompt => Assert.InRange(Limits.TestTokens.Of(prompt), 1, MaxTokens));
    }

    [Theory]
    [InlineData("They said words.", true)]
    [InlineData(" ", false)]
    public async Task Answer_that_is_no_summary_is_paid_for_and_what_it_was_to_stand_for_left_out(string said, bool isFiltered)
    {
        var models = new ScriptedModels(async prompt =>
        {
            var response = await (IsSummary(prompt) ? Says(said)(prompt) : Answer(prompt));
            response.FinishReason = IsSummary(prompt) && isFiltered ? ChatFinishReason.ContentFilter : ChatFinishReason.Stop;
            return response;
        });
        var worker = Worker(models, ContextStrategy.Summarize);
        var run = await TurnAsync(worker);
        while (!models.Prompts.Any(IsSummary))
        {
            run = await TurnAsync(worker);
        }

        var entry = Assert.Single((await worker.LoadAsync(run)).Entries, entry => entry.Kind == EntryKind.Summary);
        Assert.Equal((RunStatus.Completed, 2, 20), (run.Status, run.Usage.ModelCalls, run.Usage.InputTokens));
        Assert.Equal((StepStatus.Failed, 10L, ""), (entry.Status, entry.InputTokens, entry.Text()));
        Assert.Equal(RunStatus.Completed, (await TurnAsync(worker)).Status);
        Assert.All(models.Prompts, prompt => Assert.InRange(Limits.TestTokens.Of(prompt), 1, MaxTokens));
    }

    private DriverFixture Worker(ScriptedModels models, ContextStrategy strategy)
    {
        var worker = _talk.Worker(models);
        worker.Agent = new AgentDefinition { Model = "scripted:one", Tools = ["echo"], Context = new ContextPolicy(MaxTokens, strategy) };
        return worker;
    }

    private static bool IsSummary(IReadOnlyList<ChatMessage> prompt) => prompt[0].Role == ChatRole.System;

    private static Task<ChatResponse> Answer(IReadOnlyList<ChatMessage> prompt) =>
        Task.FromResult(Response(new TextContent(IsSummary(prompt) ? "They said words." : Long)));
}
