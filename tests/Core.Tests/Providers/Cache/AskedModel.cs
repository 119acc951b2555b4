using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Tests.Providers.Cache;

/// <summary>A model that counts how often it is asked and answers each call, by its number from 1, as a test says.</summary>
internal sealed class AskedModel(Func<int, CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> answer) : IChatClient
{
    private int _calls;

    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Called within each call.</summary>
    public Action OnCall { get; set; } = () => { };

    /// <summary>Answers every call with its number, in two words and with a usage.</summary>
    public static AskedModel ThatCounts(Func<int, CancellationToken, Task>? before = null) => new((call, token) => Words(call, before, token));

    public static AskedModel ThatAnswers(Func<int, ChatResponse> answer) => new((call, _) => answer(call).ToChatResponseUpdates().ToAsyncEnumerable());

    public static AskedModel ThatCalls(string tool, Func<int, CancellationToken, Task>? before = null) => new((call, token) => Calling(call, tool, before, token));

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        OnCall();
        return answer(Interlocked.Increment(ref _calls), cancellationToken);
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }

    public static ChatResponseUpdate Text(string text) => new(ChatRole.Assistant, text) { ModelId = "scripted:one", ResponseId = "r", MessageId = "m" };

    public static ChatResponseUpdate End(ChatFinishReason? reason = null) => new()
    {
        Role = ChatRole.Assistant, ModelId = "scripted:one", ResponseId = "r", MessageId = "m", FinishReason = reason ?? ChatFinishReason.Stop,
        Contents = [new UsageContent(new UsageDetails { InputTokenCount = 10, OutputTokenCount = 5, TotalTokenCount = 15 })],
    };

    private static async IAsyncEnumerable<ChatResponseUpdate> Words(
        int call, Func<int, CancellationToken, Task>? before, [EnumeratorCancellation] CancellationToken token)
    {
        await (before?.Invoke(call, token) ?? Task.CompletedTask);
        yield return Text("answer ");
        yield return Text(FormattableString.Invariant($"{call}"));
        yield return End();
    }

    private static async IAsyncEnumerable<ChatResponseUpdate> Calling(
        int call, string tool, Func<int, CancellationToken, Task>? before, [EnumeratorCancellation] CancellationToken token)
    {
        await (before?.Invoke(call, token) ?? Task.CompletedTask);
        yield return new(ChatRole.Assistant, [new FunctionCallContent($"id-{call}", tool, new Dictionary<string, object?> { ["x"] = 1 })])
        {
            ModelId = "scripted:one", ResponseId = "r", MessageId = "m",
        };
        yield return End(ChatFinishReason.ToolCalls);
    }
}
