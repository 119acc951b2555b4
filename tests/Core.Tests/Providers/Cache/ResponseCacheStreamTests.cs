using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Models.Cache;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Tests.Security;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Providers.Cache;

[Collection(SharedAzurite.Name)]
public sealed class ResponseCacheStreamTests(AzuriteFixture azurite) : IDisposable
{
    private readonly CacheRig _rig = new(azurite, TestKeys.New());

    public void Dispose() => _rig.Dispose();

    [Fact]
    public async Task Updates_pass_as_they_come_and_the_answer_is_replayed_later()
    {
        var gate = new Gate();
        var (model, scope) = (new AskedModel((_, token) => Gated(gate, token)), CacheRig.NewScope());

        await using (var live = _rig.Stream(model, scope).GetAsyncEnumerator())
        {
            Assert.True(await live.MoveNextAsync());
            Assert.Equal("first ", live.Current.Text);
            Assert.False(gate.Reached.IsCompletedSuccessfully && live.Current.FinishReason is not null);
            gate.Open();
            Assert.True(await live.MoveNextAsync());
            Assert.Equal("second", live.Current.Text);
            Assert.True(await live.MoveNextAsync());
            Assert.False(await live.MoveNextAsync());
        }

        var replayed = await _rig.Stream(model, scope).ToChatResponseAsync();
        Assert.Equal(1, model.Calls);
        Assert.Equal(("first second", true, 0), (replayed.Text, ResponseCache.IsCached(replayed), replayed.Usage!.TotalTokenCount));
        Assert.Equal(("scripted:one", ChatFinishReason.Stop), (replayed.ModelId, replayed.FinishReason));

        var whole = await _rig.AskAsync(model, scope);
        Assert.Equal(("first second", true), (whole.Text, ResponseCache.IsCached(whole)));
    }

    [Fact]
    public async Task Those_who_stream_the_same_meanwhile_get_the_answer_when_it_is_complete()
    {
        var gate = new Gate();
        var (model, scope) = (AskedModel.ThatCounts((_, token) => gate.WaitAsync(token)), CacheRig.NewScope());
        var streams = Enumerable.Range(0, 20).Select(_ => _rig.Stream(model, scope).ToChatResponseAsync()).ToList();
        await gate.Reached;
        gate.Open();
        var answers = await Task.WhenAll(streams);
        Assert.Equal(1, model.Calls);
        Assert.All(answers, answer => Assert.Equal("answer 1", answer.Text));
        Assert.Equal(19, answers.Count(ResponseCache.IsCached));
    }

    [Fact]
    public async Task Stream_that_breaks_fails_and_is_not_kept()
    {
        var failure = new ProviderException("provider_unavailable", FailureClass.NextProvider, "It broke off.");
        var scope = CacheRig.NewScope();
        var model = new AskedModel((call, token) => call == 1 ? Broken(failure) : AskedModel.ThatCounts().GetStreamingResponseAsync([], null, token));

        List<string> seen = [];
        var thrown = await Assert.ThrowsAsync<ProviderException>(async () =>
        {
            await foreach (var update in _rig.Stream(model, scope))
            {
                seen.Add(update.Text);
            }
        });

        Assert.Same(failure, thrown);
        Assert.Equal(["first "], seen);
        Assert.Equal("answer 1", (await _rig.Stream(model, scope).ToChatResponseAsync()).Text);
        Assert.Equal(2, model.Calls);
    }

    [Fact]
    public async Task Stream_that_is_given_up_ends_its_call_and_is_not_kept()
    {
        var (gate, cancelled) = (new Gate(), new TaskCompletionSource());
        var scope = CacheRig.NewScope();
        var model = new AskedModel((_, token) =>
        {
            token.Register(() => cancelled.TrySetResult());
            return Gated(gate, token);
        });

        await foreach (var update in _rig.Stream(model, scope))
        {
            Assert.Equal("first ", update.Text);
            break;
        }

        await cancelled.Task.WaitAsync(TimeSpan.FromMinutes(2));
        gate.Open();
        Assert.Equal("first second", (await _rig.Stream(model, scope).ToChatResponseAsync()).Text);
        Assert.Equal(2, model.Calls);
    }

    [Fact]
    public async Task Cancelled_stream_ends_at_once_while_others_get_the_answer()
    {
        var gate = new Gate();
        var (model, scope) = (AskedModel.ThatCounts((_, token) => gate.WaitAsync(token)), CacheRig.NewScope());
        using var leaving = new CancellationTokenSource();
        var first = _rig.Stream(model, scope, leaving.Token).ToChatResponseAsync(CancellationToken.None);
        await gate.Reached;
        var second = _rig.Stream(model, scope).ToChatResponseAsync();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.Open();
        Assert.Equal("answer 1", (await second).Text);
        Assert.Equal(1, model.Calls);
    }

    [Fact]
    public async Task Stream_that_calls_an_impure_tool_passes_and_is_not_kept()
    {
        var (model, scope) = (AskedModel.ThatCalls("clock"), CacheRig.NewScope());
        foreach (var _ in Enumerable.Range(0, 2))
        {
            var answer = await _rig.Stream(model, scope).ToChatResponseAsync();
            Assert.Equal("clock", Assert.IsType<FunctionCallContent>(answer.Messages[0].Contents[0]).Name);
            Assert.False(ResponseCache.IsCached(answer));
        }

        Assert.Equal(2, model.Calls);
    }

    [Fact]
    public async Task Answer_that_was_begun_anew_is_kept_without_what_was_void()
    {
        ChatResponseUpdate[] updates =
        [
            AskedModel.Text("void "),
            new(ChatRole.Assistant, [new FunctionCallContent("void", "clock")]),
            new ModelRestart("scripted:one", "provider_unavailable").ToUpdate(),
            AskedModel.Text("valid"),
            AskedModel.End(),
        ];
        var (model, scope) = (new AskedModel((_, _) => updates.ToAsyncEnumerable()), CacheRig.NewScope());

        var live = await _rig.Stream(model, scope).ToListAsync();
        var kept = await _rig.Stream(model, scope).ToListAsync();

        Assert.Equal(updates, live);
        Assert.DoesNotContain(kept, update => ModelRestart.Of(update) is not null);
        var answer = kept.ToChatResponse();
        Assert.Equal(("valid", true), (answer.Text, ResponseCache.IsCached(answer)));
        Assert.Equal(1, model.Calls);
    }

    private static async IAsyncEnumerable<ChatResponseUpdate> Gated(
        Gate gate, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token)
    {
        yield return AskedModel.Text("first ");
        await gate.WaitAsync(token);
        yield return AskedModel.Text("second");
        yield return AskedModel.End();
    }

    private static async IAsyncEnumerable<ChatResponseUpdate> Broken(Exception failure)
    {
        yield return AskedModel.Text("first ");
        await Task.FromException(failure);
    }
}
