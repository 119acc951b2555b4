using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Models.Failures;
using Yggdrasil.Redaction;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Tools;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs.Delegation;

[Collection(RunsAzurite.Name)]
public sealed class DelegationTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Answer_of_the_asked_agent_comes_back_as_the_calls_result()
    {
        var app = App();
        var parent = await app.StartLeadAsync();

        var rest = await app.TurnAsync(parent);
        var waiting = (await app.Worker.LoadAsync(parent)).Run;
        var child = Assert.Single(await app.ChildrenAsync(parent));
        await app.TurnAsync(child);
        await app.TurnAsync(parent);

        var ended = (await app.Worker.LoadAsync(parent)).Run;
        var result = Assert.Single(await app.ResultsAsync(parent));
        Assert.Equal((SliceEnd.Parked, RunStatus.Waiting, true), (rest.End, waiting.Status, waiting.IsParked));
        Assert.Equal(("researcher", new ParentCall(parent.Id, "t1c0")), (child.AgentId, child.Parent));
        Assert.Contains(parent.Driver, app.Scheduler.Woken);
        Assert.Equal((StepStatus.Completed, child.Id, "Found it."), (result.Status, result.ChildRun, DelegationFixture.Text(result)));
        Assert.Equal((RunStatus.Completed, "It is: Found it.", 1), (ended.Status, ended.Output, ended.Usage.ToolCalls));
        Assert.Equal(["Find it."], (await app.Worker.LoadAsync(child)).Entries[0].Messages.Select(message => message.Text));
    }

    [Fact]
    public async Task Model_is_told_of_an_agent_what_it_says_of_itself()
    {
        var app = App();

        await app.TurnAsync(await app.StartLeadAsync());

        var tool = Assert.Single(app.Models.Options[0]!.Tools!);
        Assert.Equal("agent_researcher", tool.Name);
        Assert.Contains("Finds things out.", tool.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Child_has_the_deadline_redaction_and_rights_of_its_parent()
    {
        var app = App();
        var parent = await app.StartLeadAsync(
            lead => lead with { DeadlineSeconds = 60, Redaction = RedactionMode.Mask }, researcher => researcher with { DeadlineSeconds = 3600 });
        await app.TurnAsync(parent);

        var child = Assert.Single(await app.ChildrenAsync(parent));

        Assert.Equal((parent.Deadline, RedactionMode.Mask), (child.Deadline, child.Agent.Redaction));
        Assert.Equal(["boss"], child.Caller.Roles);
    }

    [Fact]
    public async Task Child_that_fails_is_told_to_the_model_and_the_run_goes_on()
    {
        var app = App(child: Fails(new ProviderException("provider_unavailable", FailureClass.Stop, "Down.")));
        var parent = await app.StartLeadAsync();
        await app.TurnAsync(parent);
        await app.TurnAsync(Assert.Single(await app.ChildrenAsync(parent)));

        await app.TurnAsync(parent);

        var result = Assert.Single(await app.ResultsAsync(parent));
        Assert.Equal(StepStatus.Failed, result.Status);
        Assert.Contains("failed (provider_error)", DelegationFixture.Text(result), StringComparison.Ordinal);
        Assert.Equal(RunStatus.Completed, (await app.Worker.LoadAsync(parent)).Run.Status);
    }

    [Fact]
    public async Task Cancel_of_the_parent_reaches_both_of_its_running_children()
    {
        var app = App(Calls(("agent_researcher", new { input = "Find it." }), ("agent_researcher", new { input = "And that." })));
        var parent = await app.StartLeadAsync();
        await app.TurnAsync(parent);
        var children = await app.ChildrenAsync(parent);

        await app.Worker.Control.CancelAsync(app.Scope, parent.Id, CancellationToken.None);
        await app.TurnAsync(parent);

        Assert.Equal(2, children.Count);
        Assert.All(await app.ChildrenAsync(parent), child => Assert.Equal(RunStatus.Cancelled, child.Status));
        Assert.All(children, child => Assert.Contains(child.Driver, app.Scheduler.Woken));
    }

    [Fact]
    public async Task Crash_between_the_record_and_the_start_of_a_child_starts_it_once()
    {
        var app = App();
        var parent = await app.StartLeadAsync();
        var asked = await app.Worker.AdvanceAsync(parent);
        await app.Worker.Driver.RunToolAsync(app.Worker.Reference(parent), Assert.Single(asked.CallIds!), CancellationToken.None);
        Assert.Empty(await app.ChildrenAsync(parent));

        await app.TurnAsync(parent);
        var child = Assert.Single(await app.ChildrenAsync(parent));
        var again = await app.Worker.Driver.RunToolAsync(app.Worker.Reference(parent), "t1c0", CancellationToken.None);
        await app.Children.StartAsync(again!, CancellationToken.None);

        Assert.Equal(child.Id, Assert.Single(await app.ChildrenAsync(parent)).Id);
        Assert.Single((await app.Worker.LoadAsync(parent)).Entries, entry => entry.Kind == EntryKind.Intent);
    }

    [Fact]
    public async Task Child_of_a_parent_that_has_ended_meanwhile_is_cancelled_at_once()
    {
        var app = App();
        var parent = await app.StartLeadAsync();
        var asked = await app.Worker.AdvanceAsync(parent);
        var delegated = await app.Worker.Driver.RunToolAsync(app.Worker.Reference(parent), Assert.Single(asked.CallIds!), CancellationToken.None);
        await app.Worker.Control.CancelAsync(app.Scope, parent.Id, CancellationToken.None);
        await app.TurnAsync(parent);

        await app.Children.StartAsync(delegated!, CancellationToken.None);

        Assert.Equal(RunStatus.Cancelled, Assert.Single(await app.ChildrenAsync(parent)).Status);
    }

    [Fact]
    public async Task Deleted_child_is_told_to_the_model()
    {
        var app = App();
        var parent = await app.StartLeadAsync();
        await app.TurnAsync(parent);
        var child = Assert.Single(await app.ChildrenAsync(parent));
        await app.TurnAsync(child);
        await app.Worker.Control.DeleteAsync(app.Scope, child.Id, CancellationToken.None);

        await app.TurnAsync(parent);

        Assert.Contains("deleted", DelegationFixture.Text(Assert.Single(await app.ResultsAsync(parent))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_that_is_gone_is_told_to_the_model()
    {
        var app = App();
        var parent = await app.StartLeadAsync();
        await app.Agents.DeleteAsync(app.Scope, "researcher", new AgentPrecondition(), CancellationToken.None);

        await app.TurnAsync(parent);

        var result = Assert.Single(await app.ResultsAsync(parent));
        Assert.Equal(StepStatus.Refused, result.Status);
        Assert.Contains("There is no agent", DelegationFixture.Text(result), StringComparison.Ordinal);
        Assert.Equal(RunStatus.Completed, (await app.Worker.LoadAsync(parent)).Run.Status);
    }

    [Fact]
    public async Task Agents_that_ask_each_other_in_a_circle_are_refused()
    {
        var app = App(child: Calls(("agent_lead", new { input = "You do it." })));
        await app.PutAsync("lead");
        await app.PutAsync("researcher", definition => definition with { Tools = ["agent:lead"] });
        await app.PutAsync("lead", definition => definition with { Tools = ["agent:researcher"] });
        var parent = await app.StartAsync("lead");
        await app.TurnAsync(parent);
        var child = Assert.Single(await app.ChildrenAsync(parent));

        await app.TurnAsync(child);

        var refused = (await app.ResultsAsync(child))[0];
        Assert.Equal(StepStatus.Refused, refused.Status);
        Assert.Contains("already working", DelegationFixture.Text(refused), StringComparison.Ordinal);
        Assert.Empty(await app.ChildrenAsync(child));
    }

    [Fact]
    public async Task Fifth_level_is_refused()
    {
        var app = App(prompt => Calls(($"agent_a{Level(prompt) + 1}", new { input = "Go on." }))(prompt));
        for (var level = DelegateTools.MaxDepth + 1; level >= 0; level--)
        {
            var below = $"agent:a{level + 1}";
            await app.PutAsync($"a{level}", definition => level > DelegateTools.MaxDepth ? definition : definition with { Tools = [below] });
        }

        var run = await app.StartAsync("a0");
        for (var level = 0; level < DelegateTools.MaxDepth; level++)
        {
            await app.TurnAsync(run);
            run = Assert.Single(await app.ChildrenAsync(run));
        }

        await app.TurnAsync(run);

        Assert.Equal($"a{DelegateTools.MaxDepth}", run.AgentId);
        Assert.Equal(StepStatus.Refused, (await app.ResultsAsync(run))[0].Status);
        Assert.Empty(await app.ChildrenAsync(run));
    }

    [Theory]
    [InlineData("agent:nobody", "There is no agent")]
    [InlineData("agent:lead", "itself")]
    [InlineData("agent:", "Write agent:<id>")]
    [InlineData("agent:a b", "Write agent:<id>")]
    [InlineData("agent:a1234567890123456789012345678901234567890123456789012345678", "at most 58")]
    public async Task Agent_that_cannot_be_a_tool_is_refused_by_name(string tool, string told)
    {
        var app = App();

        var refused = await Assert.ThrowsAsync<InvalidRequestException>(() => app.PutAsync("lead", definition => definition with { Tools = [tool] }));

        Assert.Contains(told, string.Concat(refused.Errors["tools[0]"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_that_cannot_wait_asks_nobody()
    {
        var loop = new LoopFixture(new ScriptedModels(Calls(("agent_researcher", new { input = "Find it." })), Says("Then not.")))
        {
            CanWait = false,
            Agent = new() { Model = "scripted:one", Tools = ["agent:researcher"] },
        };

        await loop.RunAsync();

        Assert.Equal((StepStatus.Refused, "Then not."), (Assert.Single(loop.ToolEntries).Status, loop.Run.Output));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"input":""}""")]
    [InlineData("""{"input":"x","run":"run_1"}""")]
    public async Task Arguments_that_no_agent_takes_are_refused(string arguments)
    {
        var call = new FunctionCallContent(
            "1", "agent_researcher", System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, object?>>(arguments));
        var app = App(_ => Task.FromResult(Response(call)));
        var parent = await app.StartLeadAsync();

        await app.TurnAsync(parent);

        Assert.Equal(StepStatus.Refused, (await app.ResultsAsync(parent))[0].Status);
        Assert.Empty(await app.ChildrenAsync(parent));
    }

    private static int Level(IReadOnlyList<ChatMessage> prompt) => prompt[0].Text[1] - '0';

    /// <param name="lead">What the model says that leads; null to ask the researcher.</param>
    /// <param name="child">What it says that is asked.</param>
    private DelegationFixture App(
        Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>? lead = null, Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>? child = null) =>
        new(azurite, prompt =>
        {
            var results = prompt.SelectMany(message => message.Contents).OfType<FunctionResultContent>().Select(result => $"{result.Result}").ToList();
            return results.Count > 0 ? Says($"It is: {results[0]}")(prompt)
                : prompt[0].Text == "researcher" ? (child ?? Says("Found it."))(prompt)
                : (lead ?? Calls(("agent_researcher", new { input = "Find it." })))(prompt);
        });
}
