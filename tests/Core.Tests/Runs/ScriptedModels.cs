using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Yggdrasil.Models;
using Yggdrasil.Models.Clients;

namespace Yggdrasil.Tests.Runs;

/// <summary>A model whose answers a test writes: one for each call, the last one for all further calls.</summary>
internal sealed class ScriptedModels(params Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers) : IModelClients, IChatClient
{
    private readonly List<IReadOnlyList<ChatMessage>> _prompts = [];
    private readonly List<ChatOptions?> _options = [];

    public IReadOnlyList<IReadOnlyList<ChatMessage>> Prompts => _prompts;

    public IReadOnlyList<ChatOptions?> Options => _options;

    /// <summary>The model each call was to ask first; null where none.</summary>
    public List<ModelId?> Preferred { get; } = [];

    public IReadOnlyCollection<string> ProviderNames => ["scripted"];

    public static Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>> Says(string text) =>
        _ => Task.FromResult(Response(new TextContent(text)));

    public static Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>> Calls(params (string Name, object Arguments)[] calls) =>
        _ => Task.FromResult(Response([.. calls.Select((call, index) => new FunctionCallContent(
            $"provider-{index}", call.Name, call.Arguments.GetType().GetProperties().ToDictionary(p => p.Name, p => p.GetValue(call.Arguments))))]));

    public static Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>> Fails(Exception failure) => _ => Task.FromException<ChatResponse>(failure);

    public static ChatResponse Response(params AIContent[] contents) => new(new ChatMessage(ChatRole.Assistant, contents))
    {
        ModelId = "scripted:one",
        Usage = new UsageDetails { InputTokenCount = 10, OutputTokenCount = 5 },
    };

    public bool Knows(ModelId id) => id.Provider == "scripted";

    public IChatClient GetClient(ModelId model, IReadOnlyList<ModelId> fallbacks, ModelId? preferred = null)
    {
        lock (_prompts)
        {
            Preferred.Add(preferred);
        }

        return this;
    }

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>> answer;
        List<ChatMessage> prompt = [.. messages];
        lock (_prompts)
        {
            answer = answers[Math.Min(_prompts.Count, answers.Length - 1)];
            _prompts.Add(prompt);
            _options.Add(options);
        }

        return await answer(prompt).WaitAsync(cancellationToken);
    }

    /// <summary>How an answer is streamed; by default the scripted one in as many updates as its message has contents.</summary>
    public Func<Task<ChatResponse>, CancellationToken, IAsyncEnumerable<ChatResponseUpdate>>? Stream { get; init; }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var answer = GetResponseAsync(messages, options, cancellationToken);
        return Stream?.Invoke(answer, cancellationToken) ?? PiecesOf(answer);
    }

    /// <summary>A stream that says the answer and then nothing more, without ending.</summary>
    /// <param name="said">Set when all that it says has been taken.</param>
    public static Func<Task<ChatResponse>, CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> WithoutEnd(TaskCompletionSource said)
    {
        return SayAsync;

        async IAsyncEnumerable<ChatResponseUpdate> SayAsync(Task<ChatResponse> answer, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var update in PiecesOf(answer))
            {
                yield return update;
            }

            said.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }

    private static async IAsyncEnumerable<ChatResponseUpdate> PiecesOf(Task<ChatResponse> answer)
    {
        foreach (var update in (await answer).ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}
