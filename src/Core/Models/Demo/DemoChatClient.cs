using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Demo;

/// <summary>
/// The model in the box: reads plain English by script, calls the tools it is offered and answers from their results.
/// The same messages always get the same answer. <c>demo:slow</c> takes 1.5 s to begin and 100 ms per word, so that
/// there is time to watch, cancel or kill a run; every other name answers at once.
/// </summary>
internal sealed class DemoChatClient(string model, TimeProvider time) : IChatClient
{
    private const string SlowModel = "slow";

    // Of English text, as the vendors' rule of thumb goes.
    private const int CharactersPerToken = 4;
    private const int TokensPerMessage = 4;

    private static readonly TimeSpan SlowStart = TimeSpan.FromMilliseconds(1500);
    private static readonly TimeSpan SlowWord = TimeSpan.FromMilliseconds(100);

    private bool IsSlow => model == SlowModel;

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        List<ChatMessage> conversation = [.. messages];
        await PauseAsync(SlowStart, cancellationToken);
        var turn = Next(conversation, options);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, Contents(turn, conversation)))
        {
            FinishReason = FinishReason(turn),
            Usage = Usage(conversation, turn),
            CreatedAt = time.GetUtcNow(),
        };
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        List<ChatMessage> conversation = [.. messages];
        await PauseAsync(SlowStart, cancellationToken);
        var turn = Next(conversation, options);
        var id = $"demo-{conversation.Count}";
        if (turn.Calls.Count > 0)
        {
            yield return Update(id, Contents(turn, conversation));
        }

        foreach (var word in Words(turn.Text))
        {
            yield return Update(id, [new TextContent(word)]);
            await PauseAsync(SlowWord, cancellationToken);
        }

        var last = Update(id, [new UsageContent(Usage(conversation, turn))]);
        last.FinishReason = FinishReason(turn);
        yield return last;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        // Holds nothing; IChatClient asks for it.
    }

    private Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        IsSlow ? Task.Delay(pause, time, cancellationToken) : Task.CompletedTask;

    private static DemoTurn Next(List<ChatMessage> conversation, ChatOptions? options)
    {
        var turn = DemoTurn.Next(conversation, Offered(options));
        return turn.Calls.Count == 0 && options?.ResponseFormat is ChatResponseFormatJson { Schema: { } schema }
            ? turn with { Text = DemoStructuredAnswer.Write(schema, turn.Text) }
            : turn;
    }

    private static List<DemoTool> Offered(ChatOptions? options) =>
        options?.ToolMode is NoneChatToolMode ? [] : [.. (options?.Tools ?? []).Select(DemoTool.From)];

    private static List<AIContent> Contents(DemoTurn turn, List<ChatMessage> conversation) => turn.Calls.Count == 0
        ? [new TextContent(turn.Text)]
        : [.. turn.Calls.Select((call, index) => new FunctionCallContent(
            $"demo-{conversation.Count}-{index}",
            call.Tool,
            call.Arguments.ToDictionary()))];

    private static ChatFinishReason FinishReason(DemoTurn turn) =>
        turn.Calls.Count > 0 ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop;

    private static UsageDetails Usage(List<ChatMessage> conversation, DemoTurn turn)
    {
        var input = conversation.Sum(message => TokensPerMessage + message.Contents.Sum(Tokens));
        var output = Tokens(turn.Text) + turn.Calls.Sum(call => Tokens(call.Tool) + call.Arguments.Values.Sum(value => Tokens(value?.ToString())));
        return new UsageDetails { InputTokenCount = input, OutputTokenCount = output, TotalTokenCount = input + output };
    }

    private static long Tokens(AIContent content) => content switch
    {
        TextContent text => Tokens(text.Text),
        FunctionCallContent call => Tokens(call.Name) + (call.Arguments?.Values.Sum(value => Tokens(value?.ToString())) ?? 0),
        FunctionResultContent result => Tokens(result.Result?.ToString()),
        _ => 0,
    };

    private static long Tokens(string? text) => ((text?.Length ?? 0) + CharactersPerToken - 1) / CharactersPerToken;

    private static ChatResponseUpdate Update(string id, IList<AIContent> contents) =>
        new(ChatRole.Assistant, contents) { ResponseId = id, MessageId = id };

    private static IEnumerable<string> Words(string text)
    {
        var start = 0;
        while (start < text.Length)
        {
            var space = text.IndexOf(' ', start);
            var end = space < 0 ? text.Length : space + 1;
            yield return text[start..end];
            start = end;
        }
    }
}
