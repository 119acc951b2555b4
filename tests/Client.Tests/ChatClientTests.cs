using System.ComponentModel;
using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Client.Tests;

/// <summary>Agents as chat clients of Microsoft.Extensions.AI.</summary>
[Collection(SharedHost.Name)]
public sealed class ChatClientTests(ClientHost host) : IDisposable
{
    private readonly YggdrasilClient _client = host.NewClient();

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Answer_has_text_usage_model_and_the_run()
    {
        host.Model.RespondWith(request => ModelReply.Text($"{request.Messages[0].Content} {request.LastUserText}"));
        using var chat = _client.AsIChatClient(await host.PutAgentAsync(new AgentDefinition { Model = "openai:scripted", Instructions = "Be brief." }));

        var answer = await chat.GetResponseAsync(
            [new(ChatRole.System, "Be kind."), new(ChatRole.User, "Hello"), new(ChatRole.Assistant, "Good day."), new(ChatRole.User, "And now?")],
            new ChatOptions { RawRepresentationFactory = _ => new StartRun { Input = "", Metadata = new Dictionary<string, string> { ["ticket"] = "A-17" } } });

        Assert.Contains("Be kind.", answer.Text, StringComparison.Ordinal);
        Assert.EndsWith("And now?", answer.Text, StringComparison.Ordinal);
        Assert.Equal((18L, ChatFinishReason.Stop, "openai:scripted"), (answer.Usage!.TotalTokenCount, answer.FinishReason, answer.ModelId));
        Assert.Equal("A-17", Assert.IsType<Run>(answer.RawRepresentation).Metadata["ticket"]);
    }

    [Fact]
    public async Task Conversation_keeps_what_was_said()
    {
        host.Model.RespondWith(request => ModelReply.Text($"{request.Messages.Count(message => message.Role == "user")}"));
        using var chat = _client.AsIChatClient(await host.PutAgentAsync());
        var options = new ChatOptions { ConversationId = $"c{Guid.NewGuid():N}" };

        await chat.GetResponseAsync("One", options);
        var second = await chat.GetResponseAsync("Two", options);

        Assert.Equal(("2", options.ConversationId), (second.Text, second.ConversationId));
    }

    [Fact]
    public async Task Streamed_answer_comes_in_pieces_that_make_up_the_text()
    {
        const string Text = "One two three four five six seven eight nine ten.";
        var gate = new Gate();
        host.Model.RespondWith(_ => ModelReply.Text(Text) with { MidStreamGate = gate });
        using var chat = _client.AsIChatClient(await host.PutAgentAsync());

        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in chat.GetStreamingResponseAsync("Count."))
        {
            // The first piece is here while the model still writes.
            gate.Open();
            updates.Add(update);
        }

        var answer = updates.ToChatResponse();
        Assert.Equal((Text, ChatFinishReason.Stop, 18L), (answer.Text, answer.FinishReason, answer.Usage!.TotalTokenCount));
        Assert.True(updates.Count(update => update.Text.Length > 0) > 1);
        Assert.Single(answer.Messages);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Functions_of_the_caller_are_invoked_once_each(bool isStreamed)
    {
        host.Model.RespondWith(request => request.ToolResults.Count switch
        {
            0 => ModelReply.ToolCalls(("find_order", """{"number":"A-1"}"""), ("find_order", """{"number":"A-2"}""")),
            2 => ModelReply.ToolCalls(("find_order", """{"number":"A-3"}""")),
            _ => ModelReply.Text(string.Join(", ", request.ToolResults)),
        });
        var asked = new List<string>();
        string Find([Description("For example A-1042.")] string number)
        {
            asked.Add(number);
            return $"{number} shipped";
        }

        using var chat = _client.AsIChatClient(await host.PutAgentAsync()).AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions { Tools = [AIFunctionFactory.Create(Find, "find_order", "Finds an order.")] };

        var answer = isStreamed
            ? await chat.GetStreamingResponseAsync("Where are they?", options).ToChatResponseAsync()
            : await chat.GetResponseAsync("Where are they?", options);

        Assert.Equal("A-1 shipped, A-2 shipped, A-3 shipped", answer.Messages[^1].Text);
        Assert.Equal(["A-1", "A-2", "A-3"], asked);
        Assert.Equal(3 * 18, answer.Usage!.TotalTokenCount);
    }

    [Fact]
    public async Task Function_that_throws_is_told_to_the_model()
    {
        host.Model.RespondWith(request => request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("find_order", "{}")) : ModelReply.Text(request.ToolResults[0]));
        using var chat = _client.AsIChatClient(await host.PutAgentAsync()).AsBuilder().UseFunctionInvocation().Build();
        string Find() => throw new InvalidOperationException("No such order.");

        var answer = await chat.GetResponseAsync("Where is it?", new ChatOptions { Tools = [AIFunctionFactory.Create(Find, "find_order")] });

        Assert.Contains("Error", answer.Messages[^1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Structured_answer_is_of_the_type()
    {
        host.Model.RespondWith(_ => ModelReply.Text("""{"total":391}"""));
        using var chat = _client.AsIChatClient(await host.PutAgentAsync());

        var answer = await chat.GetResponseAsync<Sum>("17*23?");

        Assert.Equal(391, answer.Result.Total);
    }

    [Fact]
    public async Task Run_that_fails_is_an_exception_with_the_run()
    {
        host.Model.RespondWith(_ => ModelReply.Status(400));
        using var chat = _client.AsIChatClient(await host.PutAgentAsync());

        var failed = await Assert.ThrowsAsync<RunNotCompletedException>(() => chat.GetResponseAsync("Go"));
        await Assert.ThrowsAsync<RunNotCompletedException>(() => chat.GetStreamingResponseAsync("Go").ToChatResponseAsync());

        Assert.Equal((RunStatus.Failed, StopReason.ProviderError), (failed.Run.Status, failed.Run.StopReason));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancelled_token_cancels_the_run(bool isStreamed)
    {
        var gate = new Gate();
        host.Model.RespondWith(_ => ModelReply.Hang(gate));
        var agent = await host.PutAgentAsync();
        using var chat = _client.AsIChatClient(agent);
        using var gone = new CancellationTokenSource();

        var asked = isStreamed ? chat.GetStreamingResponseAsync("Go", cancellationToken: gone.Token).ToChatResponseAsync() : chat.GetResponseAsync("Go", cancellationToken: gone.Token);
        await gate.Reached;

        // The start has been answered once the client reads the events of its run.
        var run = await Poll.UntilAsync(() => _client.Runs.ListAsync(new RunFilter { Agent = agent }).SingleAsync().AsTask(), found => found.StartedAt is not null);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);

        Assert.Equal(RunStatus.Cancelled, (await _client.Runs.WaitAsync(run.Id)).Status);
    }

    [Fact]
    public async Task Content_that_cannot_be_sent_is_refused_by_name()
    {
        using var chat = _client.AsIChatClient("assistant");

        var refused = await Assert.ThrowsAsync<NotSupportedException>(
            () => chat.GetResponseAsync([new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])]));

        Assert.Contains(nameof(DataContent), refused.Message, StringComparison.Ordinal);
    }

    private sealed record Sum(int Total);
}
