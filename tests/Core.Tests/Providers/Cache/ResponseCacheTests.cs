using System.Diagnostics;
using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Cache;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Redaction;
using Yggdrasil.Tests.Security;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Providers.Cache;

[Collection(SharedAzurite.Name)]
public sealed class ResponseCacheTests(AzuriteFixture azurite) : IDisposable
{
    private readonly CacheRig _rig = new(azurite, TestKeys.New());

    public void Dispose() => _rig.Dispose();

    [Fact]
    public async Task Same_request_is_asked_once_and_then_costs_nothing()
    {
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());

        var first = await _rig.AskAsync(model, scope);
        var second = await _rig.AskAsync(model, scope);

        Assert.Equal(1, model.Calls);
        Assert.Equal(("answer 1", "answer 1"), (first.Text, second.Text));
        Assert.Equal((false, true), (ResponseCache.IsCached(first), ResponseCache.IsCached(second)));
        Assert.Equal((15, 0), (first.Usage!.TotalTokenCount, second.Usage!.TotalTokenCount));
        Assert.Equal("scripted:one", second.ModelId);
        Assert.Equal(ChatFinishReason.Stop, second.FinishReason);
    }

    [Fact]
    public async Task Answer_that_does_not_fit_its_schema_is_not_kept()
    {
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());
        var text = new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(System.Text.Json.JsonElement.Parse("""{"type":"string"}""")) };

        await _rig.Client(model, scope).GetResponseAsync("Hello", text);
        await _rig.Client(model, scope).GetResponseAsync("Hello", text);

        Assert.Equal(2, model.Calls);
    }

    [Fact]
    public async Task Other_request_and_other_user_are_asked_for()
    {
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());
        await _rig.AskAsync(model, scope);
        await _rig.AskAsync(model, scope, "Hello again");
        await _rig.AskAsync(model, CacheRig.NewScope());
        await _rig.AskAsync(model, scope with { AgentVersion = 2 });
        Assert.Equal(4, model.Calls);
    }

    [Fact]
    public async Task Answer_is_forgotten_when_its_time_has_passed()
    {
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());
        await _rig.AskAsync(model, scope);
        await _rig.RowsAsync(scope, expected: 1);
        _rig.Time.Advance(CacheRig.Ttl - TimeSpan.FromSeconds(1));
        Assert.Equal("answer 1", (await _rig.AskAsync(model, scope)).Text);
        _rig.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("answer 2", (await _rig.AskAsync(model, scope)).Text);
    }

    [Fact]
    public async Task Fifty_who_ask_at_the_same_time_share_one_call()
    {
        var gate = new Gate();
        var (model, scope) = (AskedModel.ThatCounts((_, token) => gate.WaitAsync(token)), CacheRig.NewScope());

        var asked = Enumerable.Range(0, 50).Select(_ => _rig.AskAsync(model, scope)).ToList();
        await gate.Reached;
        gate.Open();
        var answers = await Task.WhenAll(asked);

        Assert.Equal(1, model.Calls);
        Assert.All(answers, answer => Assert.Equal("answer 1", answer.Text));
        Assert.Equal(49, answers.Count(ResponseCache.IsCached));
    }

    [Fact]
    public async Task Who_goes_away_leaves_the_call_to_those_who_wait()
    {
        var gate = new Gate();
        var (model, scope) = (AskedModel.ThatCounts((_, token) => gate.WaitAsync(token)), CacheRig.NewScope());
        using var leaving = new CancellationTokenSource();

        var first = _rig.AskAsync(model, scope, cancellationToken: leaving.Token);
        await gate.Reached;
        var second = _rig.AskAsync(model, scope);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.Open();

        Assert.Equal("answer 1", (await second).Text);
        Assert.Equal(1, model.Calls);
    }

    [Fact]
    public async Task Call_that_nobody_waits_for_any_more_is_cancelled_and_nothing_is_kept()
    {
        var (gate, cancelled) = (new Gate(), new TaskCompletionSource());
        var (model, scope) = (AskedModel.ThatCounts((_, token) =>
        {
            token.Register(() => cancelled.TrySetResult());
            return gate.WaitAsync(token);
        }), CacheRig.NewScope());
        using var leaving = new CancellationTokenSource();

        var only = _rig.AskAsync(model, scope, cancellationToken: leaving.Token);
        await gate.Reached;
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => only);
        await cancelled.Task.WaitAsync(TimeSpan.FromMinutes(2));

        gate.Open();
        Assert.Equal("answer 2", (await _rig.AskAsync(model, scope)).Text);
    }

    [Fact]
    public async Task Failure_is_not_kept()
    {
        var failure = new ProviderException("provider_unavailable", FailureClass.NextProvider, "It is down.");
        var scope = CacheRig.NewScope();
        var model = AskedModel.ThatCounts((call, _) => call == 1 ? Task.FromException(failure) : Task.CompletedTask);
        Assert.Same(failure, await Assert.ThrowsAsync<ProviderException>(() => _rig.AskAsync(model, scope)));
        Assert.Equal("answer 2", (await _rig.AskAsync(model, scope)).Text);
        Assert.Equal("answer 2", (await _rig.AskAsync(model, scope)).Text);
    }

    public static TheoryData<string> Unkept => ["filtered", "empty", "blank", "thought only", "impure call", "one impure call of two", "unreadable arguments", "too large"];

    [Theory]
    [MemberData(nameof(Unkept))]
    public async Task Answer_that_must_not_be_repeated_is_not_kept(string kind)
    {
        var model = AskedModel.ThatAnswers(call => kind switch
        {
            "filtered" => Answer(new TextContent($"answer {call}"), ChatFinishReason.ContentFilter),
            "empty" => Answer(new TextContent("")),
            "blank" => Answer(new TextContent(" \n")),
            "thought only" => Answer(new TextReasoningContent($"{call}")),
            "impure call" => Answer(Call("clock")),
            "one impure call of two" => new ChatResponse(new ChatMessage(ChatRole.Assistant, [Call("pure"), Call("clock")])),
            "unreadable arguments" => Answer(Unreadable()),
            "too large" => Answer(new TextContent(new string('x', 600 * 1024))),
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        });
        var scope = CacheRig.NewScope();

        var first = await _rig.AskAsync(model, scope);
        var second = await _rig.AskAsync(model, scope);

        Assert.Equal(2, model.Calls);
        Assert.False(ResponseCache.IsCached(first) || ResponseCache.IsCached(second));
        Assert.Empty(await _rig.RowsAsync(scope, expected: 0));
    }

    [Fact]
    public async Task Answer_that_calls_pure_tools_is_kept_with_its_calls()
    {
        var (model, scope) = (AskedModel.ThatCalls("pure"), CacheRig.NewScope());
        await _rig.AskAsync(model, scope);
        var kept = await _rig.AskAsync(model, scope);
        Assert.Equal(1, model.Calls);
        var call = Assert.IsType<FunctionCallContent>(Assert.Single(kept.Messages.SelectMany(message => message.Contents)));
        Assert.Equal(("id-1", "pure", "1"), (call.CallId, call.Name, call.Arguments!["x"]!.ToString()));
    }

    [Fact]
    public async Task Those_who_waited_for_an_answer_that_must_not_be_shared_ask_themselves()
    {
        var gate = new Gate();
        var (model, scope) = (AskedModel.ThatCalls("clock", (call, token) => call == 1 ? gate.WaitAsync(token) : Task.CompletedTask), CacheRig.NewScope());

        var first = _rig.AskAsync(model, scope);
        await gate.Reached;
        var others = Enumerable.Range(0, 4).Select(_ => _rig.AskAsync(model, scope)).ToList();
        gate.Open();
        var answers = await Task.WhenAll([first, .. others]);

        Assert.Equal(5, model.Calls);
        Assert.Equal(5, answers.Select(answer => Assert.IsType<FunctionCallContent>(answer.Messages[0].Contents[0]).CallId).Distinct().Count());
    }

    [Fact]
    public async Task Call_is_made_in_the_trace_of_who_asked()
    {
        string? seen = null;
        var (model, scope) = (AskedModel.ThatCounts(), CacheRig.NewScope());
        model.OnCall = () => seen = Activity.Current?.Id;
        using var activity = new Activity("a run").Start();
        await _rig.AskAsync(model, scope);
        Assert.Equal(activity.Id, seen);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Kept_answer_gets_each_prompts_own_originals_back(bool streaming)
    {
        var model = AskedModel.ThatAnswers(_ => Answer(new TextContent("I wrote to [EMAIL_1].")));
        var scope = CacheRig.NewScope();
        foreach (var (address, isCached) in ((string, bool)[])[("jane@example.com", false), ("joe@example.org", true)])
        {
            using var client = new RedactingChatClient(_rig.Client(model, scope), RedactionMode.Restore);
            var answer = streaming
                ? await client.GetStreamingResponseAsync($"Write to {address}").ToChatResponseAsync()
                : await client.GetResponseAsync($"Write to {address}");
            Assert.Equal(($"I wrote to {address}.", isCached), (answer.Text, ResponseCache.IsCached(answer)));
        }

        Assert.Equal(1, model.Calls);
    }

    private static ChatResponse Answer(AIContent content, ChatFinishReason? reason = null) =>
        new(new ChatMessage(ChatRole.Assistant, [content])) { ModelId = "scripted:one", FinishReason = reason ?? ChatFinishReason.Stop };

    private static FunctionCallContent Call(string name) => new("id", name, new Dictionary<string, object?>());

    private static FunctionCallContent Unreadable() => new("id", "pure") { Exception = new FormatException("It is no JSON.") };
}
