using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Yggdrasil.Contract.Tests;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Client.Tests;

/// <summary>What callers do with runs, against the app.</summary>
[Collection(SharedHost.Name)]
public sealed class RunTests(ClientHost host) : IDisposable
{
    private readonly YggdrasilClient _client = host.NewClient();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Run_is_answered_with_its_input_usage_and_steps()
    {
        host.Model.RespondWith(_ => ModelReply.Text("391"));
        var agent = await host.PutAgentAsync();

        var run = await _client.Runs.RunAsync(agent, new StartRun { Input = "17*23?", Metadata = new Dictionary<string, string> { ["ticket"] = "A-17" } });
        var read = await _client.Runs.GetAsync(run.Id);
        var steps = await _client.Runs.GetStepsAsync(run.Id);
        var listed = await _client.Runs.ListAsync(new RunFilter { Agent = agent, Metadata = new Dictionary<string, string> { ["ticket"] = "A-17" } }).SingleAsync();

        Assert.Equal(("391", RunStatus.Completed, StopReason.Completed), (run.EnsureCompleted().Output, run.Status, run.StopReason));
        Assert.Equal(("17*23?", 18L), (read.Input?.Text, read.Usage.TotalTokens));
        Assert.Equal(["input", "model"], steps.Select(step => step.Kind));
        Assert.Equal(run.Id, listed.Id);
        await _client.Runs.DeleteAsync(run.Id);
        Assert.Equal(ProblemCode.NotFound, (await Assert.ThrowsAsync<YggdrasilException>(() => _client.Runs.GetAsync(run.Id))).Code);
    }

    [Fact]
    public async Task Same_key_of_two_processes_is_one_run_and_another_body_is_refused()
    {
        host.Model.RespondWith(_ => ModelReply.Text("Done."));
        var agent = await host.PutAgentAsync();
        using var other = host.NewClient();

        var first = await _client.Runs.StartAsync(agent, new StartRun { Input = "Go" }, "order-17");
        var second = await other.Runs.StartAsync(agent, new StartRun { Input = "Go" }, "order-17");
        var refused = await Assert.ThrowsAsync<YggdrasilException>(() => other.Runs.StartAsync(agent, new StartRun { Input = "Stop" }, "order-17"));
        var third = await other.Runs.StartAsync(agent, new StartRun { Input = "Go" });

        Assert.Equal(first.Id, second.Id);
        Assert.Equal(ProblemCode.IdempotencyMismatch, refused.Code);
        Assert.NotEqual(first.Id, third.Id);
    }

    [Fact]
    public async Task Approval_with_other_arguments_is_what_is_done()
    {
        var (arguments, asked) = host.NewEffect();
        var (instead, done) = host.NewEffect();
        host.Model.RespondWith(request => request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("http_post", arguments)) : ModelReply.Text("Posted."));
        var agent = await host.PutAgentAsync(new AgentDefinition { Model = "openai:scripted", Tools = ["http_post"], Approvals = ["http_post"] });

        var kinds = new List<string>();
        Run? ended = null;
        await foreach (var item in _client.Runs.StreamAsync(agent, new StartRun { Input = "Post it." }))
        {
            kinds.Add(item.GetType().Name);
            ended = (item as RunEndedEvent)?.Run;
            if (item is ApprovalRequiredEvent required)
            {
                var run = (await _client.Approvals.ListAsync().ToListAsync()).Single(approval => approval.Agent == agent);
                using var replacement = JsonDocument.Parse(instead);
                await _client.Approvals.ApproveAsync(run.RunId, required.CallId, required.ArgumentsHash!, replacement.RootElement, "The other one.");
                await _client.Approvals.ApproveAsync(run.RunId, required.CallId, required.ArgumentsHash!, replacement.RootElement, "The other one.");
            }
        }

        Assert.Equal("Posted.", ended!.Output);
        Assert.Equal((0, 1), (asked(), done()));
        Assert.Contains(nameof(ApprovalDecidedEvent), kinds);
    }

    [Fact]
    public async Task Denied_call_is_not_made_and_its_reason_is_told()
    {
        var (arguments, asked) = host.NewEffect();
        host.Model.RespondWith(request => request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("http_post", arguments)) : ModelReply.Text(request.ToolResults[0]));
        var agent = await host.PutAgentAsync(new AgentDefinition { Model = "openai:scripted", Tools = ["http_post"], Approvals = ["http_post"] });

        var started = await _client.Runs.StartAsync(agent, new StartRun { Input = "Post it." });
        var waiting = await Poll.UntilAsync(() => _client.Runs.GetAsync(started.Id), run => run.PendingApprovals is not null);
        await _client.Approvals.DenyAsync(waiting.Id, waiting.PendingApprovals![0].CallId, waiting.PendingApprovals[0].ArgumentsHash, "Not today.");
        var ended = await _client.Runs.WaitAsync(started.Id);

        Assert.Contains("Not today.", ended.Output, StringComparison.Ordinal);
        Assert.Equal(0, asked());
    }

    [Fact]
    public async Task Calls_of_the_callers_tools_are_waited_for_answered_and_failed()
    {
        host.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("ask_user", "{}"), ("ask_user", "{}"))
            : ModelReply.Text(string.Join(" | ", request.ToolResults)));
        var agent = await host.PutAgentAsync();

        var run = await _client.Runs.StartAsync(agent, new StartRun { Input = "Ask.", ClientTools = [new ClientTool { Name = "ask_user" }] });
        run = await _client.Runs.WaitForToolCallsAsync(run.Id);
        Assert.Equal(2, run.PendingToolCalls!.Count);
        await _client.Runs.AnswerToolCallAsync(run.Id, run.PendingToolCalls[0].CallId, "blue");
        await _client.Runs.AnswerToolCallAsync(run.Id, run.PendingToolCalls[0].CallId, "blue");
        Assert.Equal(run.PendingToolCalls[1].CallId, Assert.Single((await _client.Runs.GetAsync(run.Id)).PendingToolCalls!).CallId);
        await _client.Runs.FailToolCallAsync(run.Id, run.PendingToolCalls[1].CallId, "Nobody is there.");
        run = await _client.Runs.WaitForToolCallsAsync(run.Id);

        Assert.Equal(RunStatus.Completed, run.Status);
        Assert.StartsWith("blue | ", run.Output, StringComparison.Ordinal);
        Assert.Contains("Nobody is there.", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conversation_is_continued_read_and_deleted()
    {
        host.Model.RespondWith(request => ModelReply.Text($"{request.Messages.Count(message => message.Role == "user")}"));
        var agent = await host.PutAgentAsync();
        var conversation = $"c{Guid.NewGuid():N}";

        await _client.Runs.RunAsync(agent, new StartRun { Input = "One", ConversationId = conversation });
        var second = await _client.Runs.RunAsync(agent, new StartRun { Input = "Two", ConversationId = conversation });
        var messages = await _client.Conversations.ListMessagesAsync(conversation).ToListAsync();

        Assert.Equal("2", second.Output);
        Assert.Equal(["One", "1", "Two", "2"], messages.Select(message => message.Content));
        Assert.Equal(2, (await _client.Conversations.GetAsync(conversation)).Runs);
        Assert.Contains(await _client.Conversations.ListAsync().ToListAsync(), item => item.Id == conversation);
        await _client.Conversations.DeleteAsync(conversation);
        Assert.DoesNotContain(await _client.Conversations.ListAsync().ToListAsync(), item => item.Id == conversation);
    }

    [Fact]
    public async Task Messages_are_an_input_and_a_fork_makes_a_turn_anew()
    {
        host.Model.RespondWith(request => ModelReply.Text(request.LastUserText));
        var agent = await host.PutAgentAsync();

        var run = await _client.Runs.RunAsync(agent, RunInput.FromMessages(new("user", "Hello"), new("assistant", "Good day."), new("user", "And now?")));
        var fork = await _client.Runs.ForkAsync(run.Id, new ForkRun { FromTurn = 1, Input = "Or this?" });
        var inline = await _client.Runs.InvokeAsync(agent, new InvokeAgent { Input = "Once." });

        Assert.Equal("And now?", run.Output);
        Assert.Equal(("Or this?", run.Id), ((await _client.Runs.WaitAsync(fork.Id)).Output, fork.ForkedFrom!.Id));
        Assert.Equal(("Once.", true), (inline.Output, inline.Links is null));
    }

    [Fact]
    public async Task Suspended_run_goes_on_when_resumed_and_a_cancelled_one_ends()
    {
        var gate = new Gate();
        host.Model.RespondWith(_ => ModelReply.Hang(gate));
        var agent = await host.PutAgentAsync();

        var run = await _client.Runs.StartAsync(agent, new StartRun { Input = "Go" });
        await gate.Reached;
        Assert.True((await _client.Runs.SuspendAsync(run.Id)).SuspendRequested);
        await _client.Runs.ResumeAsync(run.Id);
        await _client.Runs.CancelAsync(run.Id);
        var ended = await _client.Runs.WaitAsync(run.Id);

        Assert.Equal(RunStatus.Cancelled, ended.Status);
        Assert.Same(ended, Assert.Throws<RunNotCompletedException>(ended.EnsureCompleted).Run);
        Assert.Equal(RunStatus.Cancelled, (await _client.Runs.CancelAsync(run.Id)).Status);
    }

    [Fact]
    public async Task Callback_of_the_app_is_believed_by_both_clients()
    {
        var secret = $"whsec_{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}";
        using var set = await host.Process.Http.SendJsonAsync(HttpMethod.Put, "/api/callback-secret", JsonSerializer.Serialize(new { secret }));
        set.EnsureSuccessStatusCode();
        host.Model.RespondWith(_ => ModelReply.Text("Done."));
        var path = $"/{Guid.NewGuid():N}";

        var run = await _client.Runs.RunAsync(
            await host.PutAgentAsync(), new StartRun { Input = "Go", Callback = new CallbackAddress { Url = new Uri(host.Effects.Address, path) } });
        await Poll.UntilAsync(() => host.Effects.Count("POST", path) == 1);
        var sent = host.Effects.Requests.Single(request => request.Path == path);
        var message = new CallbackVerifier(secret).Verify(Encoding.UTF8.GetBytes(sent.Body), sent.Headers.GetValueOrDefault);
        var said = await TypeScriptPackage.StepAsync(
            "verify", secret, sent.Body, JsonSerializer.Serialize(sent.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value))).SingleAsync();

        Assert.Equal(("run.completed", run.Id, RunStatus.Completed), (message.Type, message.Data.Id, message.Data.Status));
        Assert.Equal(sent.Body, said);
        Assert.Throws<CallbackVerificationException>(
            () => new CallbackVerifier($"whsec_{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}").Verify(Encoding.UTF8.GetBytes(sent.Body), sent.Headers.GetValueOrDefault));
    }

    [Fact]
    public async Task Agent_is_changed_only_in_the_version_that_was_read()
    {
        var id = await host.PutAgentAsync(new AgentDefinition { Model = "openai:scripted", Cache = new SetCachePolicy { TtlSeconds = 60 } });

        var read = await _client.Agents.GetAsync(id);
        var changed = await _client.Agents.PutAsync(id, read.ToDefinition() with { Instructions = "Be brief." }, read.ETag);
        var late = await Assert.ThrowsAsync<YggdrasilException>(() => _client.Agents.PutAsync(id, read.ToDefinition(), read.ETag));

        Assert.Equal(("Be brief.", 2, 60), (changed.Instructions, changed.Version, changed.Cache!.TtlSeconds));
        Assert.Equal(ProblemCode.PreconditionFailed, late.Code);
        Assert.Contains(await _client.Agents.ListAsync().ToListAsync(), agent => agent.Id == id);
        Assert.Contains(await _client.Agents.ListToolsAsync().ToListAsync(), tool => tool.Name == "calculator");
        await _client.Agents.DeleteAsync(id);
        Assert.Equal(ProblemCode.NotFound, (await Assert.ThrowsAsync<YggdrasilException>(() => _client.Agents.GetAsync(id))).Code);
    }
}
