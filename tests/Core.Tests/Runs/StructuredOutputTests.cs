using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Runs.Model;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

public sealed class StructuredOutputTests
{
    internal static readonly JsonElement Schema =
        JsonElement.Parse("""{"type":"object","required":["total"],"properties":{"total":{"type":"integer"}}}""");

    [Fact]
    public async Task Answer_that_fits_the_schema_completes_the_run_with_its_value()
    {
        var loop = Loop(Says("""{"total":391}"""));

        await loop.RunAsync();

        Assert.Equal((StopReason.Completed, 1), (loop.Run.StopReason, loop.Run.Turns));
        Assert.Equal(391, loop.Run.StructuredOutput!.Value.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Schema_is_passed_to_the_model_as_it_is()
    {
        var models = new ScriptedModels(Says("""{"total":1}"""));
        await Loop(models).RunAsync();

        var format = Assert.IsType<ChatResponseFormatJson>(Assert.Single(models.Options)!.ResponseFormat);
        Assert.Equal(Schema.GetRawText(), format.Schema!.Value.GetRawText());
    }

    [Fact]
    public async Task Answer_that_does_not_fit_is_mended_in_one_more_turn()
    {
        var models = new ScriptedModels(Says("""{"total":"much"}"""), Says("""{"total":391}"""));
        var loop = Loop(models);

        await loop.RunAsync();

        Assert.Equal((RunStatus.Completed, 2, 2), (loop.Run.Status, loop.Run.Turns, loop.Run.Usage.ModelCalls));
        Assert.Equal("""{"total":391}""", loop.Run.Output);
        Assert.Equal([EntryKind.Model, EntryKind.Repair, EntryKind.Model], loop.Entries.Select(entry => entry.Kind));
        Assert.Equal([ChatRole.User, ChatRole.Assistant, ChatRole.User], models.Prompts[1].Select(message => message.Role));
        Assert.Contains("'total' must be an integer, but is a string.", models.Prompts[1][^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Second_answer_that_does_not_fit_fails_the_run_and_names_the_errors()
    {
        var models = new ScriptedModels(Says("""{"total":"much"}"""), Says("{}"));
        var loop = Loop(models);

        await loop.RunAsync();

        Assert.Equal((RunStatus.Failed, StopReason.ProviderError, "{}"), (loop.Run.Status, loop.Run.StopReason, loop.Run.Output));
        Assert.Equal("invalid_output", loop.Run.Error!.Code);
        Assert.Contains("'total' is missing.", loop.Run.Error.Message, StringComparison.Ordinal);
        Assert.Null(loop.Run.StructuredOutput);
        Assert.Equal(2, models.Prompts.Count);
    }

    [Fact]
    public async Task Answer_of_the_last_turn_is_not_mended()
    {
        var models = new ScriptedModels(Says("no JSON"));
        var loop = Loop(models);
        loop.Agent = loop.Agent with { MaxTurns = 1 };

        await loop.RunAsync();

        Assert.Equal((RunStatus.Failed, "invalid_output", 1), (loop.Run.Status, loop.Run.Error!.Code, loop.Run.Turns));
        Assert.Equal(EntryKind.Model, Assert.Single(loop.Entries).Kind);
    }

    [Fact]
    public async Task Model_may_call_tools_to_mend_its_answer()
    {
        var models = new ScriptedModels(Says("no JSON"), Calls(("echo", new { text = "x" })), Says("""{"total":1}"""));
        var loop = Loop(models);

        await loop.RunAsync();

        Assert.Equal((RunStatus.Completed, 3), (loop.Run.Status, loop.Run.Turns));
        Assert.Equal(
            [ChatRole.User, ChatRole.Assistant, ChatRole.User, ChatRole.Assistant, ChatRole.Tool], models.Prompts[2].Select(message => message.Role));
    }

    [Fact]
    public async Task Turns_used_up_while_mending_end_the_run_without_a_value()
    {
        var loop = Loop(Says("no JSON"), Calls(("echo", new { text = "x" })));
        loop.Agent = loop.Agent with { MaxTurns = 2 };

        await loop.RunAsync();

        Assert.Equal((RunStatus.Completed, StopReason.MaxTurns, "no JSON"), (loop.Run.Status, loop.Run.StopReason, loop.Run.Output));
        Assert.Null(loop.Run.StructuredOutput);
    }

    [Fact]
    public async Task Code_block_around_the_answer_costs_no_turn()
    {
        const string Fenced = "```json\n{\"total\":391}\n```";
        var loop = Loop(Says(Fenced));

        await loop.RunAsync();

        Assert.Equal((RunStatus.Completed, 1, Fenced), (loop.Run.Status, loop.Run.Turns, loop.Run.Output));
        Assert.Equal(391, loop.Run.StructuredOutput!.Value.GetProperty("total").GetInt32());
    }

    private static LoopFixture Loop(params Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers) => Loop(new ScriptedModels(answers));

    private static LoopFixture Loop(ScriptedModels models)
    {
        var loop = new LoopFixture(models);
        loop.Agent = loop.Agent with { ResponseSchema = Schema };
        return loop;
    }
}
