using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;

namespace Yggdrasil.Conformance.Checks;

/// <summary>A conversation with the model under test. It keeps messages as a run's journal does: tool calls carry the product's ids.</summary>
/// <param name="subject">The model.</param>
/// <param name="streamed">Whether each answer is streamed.</param>
internal sealed class Dialogue(Subject subject, bool streamed)
{
    private readonly string _run = Ids.NewRun();
    private int _turn;

    public Subject Subject { get; } = subject;

    public List<ChatMessage> Messages { get; } = [];

    public ChatOptions Options { get; } = new();

    public long InputTokens { get; private set; }

    public long OutputTokens { get; private set; }

    public long CachedTokens { get; private set; }

    /// <summary>Of the last streamed answer: how long its first update took, and the longest pause between two.</summary>
    public (TimeSpan First, TimeSpan LongestPause) Timing { get; private set; }

    public Dialogue System(string text) => Say(ChatRole.System, text);

    public Dialogue User(string text) => Say(ChatRole.User, text);

    public Dialogue Assistant(string text) => Say(ChatRole.Assistant, text);

    /// <summary>A tool call as an earlier turn would have left it, with its result.</summary>
    public Dialogue Called(string tool, string arguments, string result)
    {
        var id = Ids.WireToolCall(_run, Ids.ToolCall(++_turn, 0));
        var call = new FunctionCallContent(id, tool, JsonSerializer.Deserialize<Dictionary<string, object?>>(arguments));
        Messages.Add(new ChatMessage(ChatRole.Assistant, [call]));
        Messages.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent(id, result)]));
        return this;
    }

    public Dialogue Offer(params AITool[] tools)
    {
        Options.Tools = [.. Options.Tools ?? [], .. tools];
        return this;
    }

    /// <summary>Asks for the next answer and appends it.</summary>
    public async Task<ChatResponse> AskAsync(CancellationToken cancellationToken)
    {
        var response = streamed
            ? await StreamAsync(cancellationToken)
            : await Subject.Client.GetResponseAsync(Messages, Options.Clone(), cancellationToken);
        InputTokens += response.Usage?.InputTokenCount ?? 0;
        OutputTokens += response.Usage?.OutputTokenCount ?? 0;
        CachedTokens += response.Usage?.CachedInputTokenCount ?? 0;
        Messages.Add(Record(response));
        return response;
    }

    /// <summary>Answers every call of the last answer.</summary>
    public void Answer(Func<FunctionCallContent, string> result)
    {
        foreach (var call in Messages[^1].Contents.OfType<FunctionCallContent>().ToList())
        {
            Messages.Add(new ChatMessage(ChatRole.Tool, [new FunctionResultContent(call.CallId, result(call))]));
        }
    }

    private Dialogue Say(ChatRole role, string text)
    {
        Messages.Add(new ChatMessage(role, text));
        return this;
    }

    private async Task<ChatResponse> StreamAsync(CancellationToken cancellationToken)
    {
        List<ChatResponseUpdate> updates = [];
        var (started, last) = (TimeProvider.System.GetTimestamp(), TimeProvider.System.GetTimestamp());
        var (first, pause) = (TimeSpan.Zero, TimeSpan.Zero);
        await foreach (var update in Subject.Client.GetStreamingResponseAsync(Messages, Options.Clone(), cancellationToken))
        {
            var now = TimeProvider.System.GetTimestamp();
            first = updates.Count == 0 ? TimeProvider.System.GetElapsedTime(started, now) : first;
            pause = updates.Count > 0 && TimeProvider.System.GetElapsedTime(last, now) is var since && since > pause ? since : pause;
            last = now;
            updates.Add(update);
        }

        Timing = (first, pause);
        return updates.ToChatResponse();
    }

    private ChatMessage Record(ChatResponse response)
    {
        _turn++;
        var calls = 0;
        return new ChatMessage(ChatRole.Assistant, [.. response.Messages
            .SelectMany(message => message.Contents)
            .Select(content => content is FunctionCallContent call
                ? new FunctionCallContent(Ids.WireToolCall(_run, Ids.ToolCall(_turn, calls++)), call.Name, call.Arguments)
                {
                    AdditionalProperties = call.AdditionalProperties,
                }
                : content)]);
    }
}
