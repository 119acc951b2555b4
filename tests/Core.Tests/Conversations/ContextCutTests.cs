using CsCheck;
using Microsoft.Extensions.AI;
using Yggdrasil.Runs.Conversations;

namespace Yggdrasil.Tests.Conversations;

/// <summary>Whatever was said and however small the budget: what is shown is something a provider takes.</summary>
public sealed class ContextCutTests
{
    // An exchange is a user's message, answers with 0 to 3 calls and a result for each, and a last answer or none.
    private static readonly Gen<List<ChatMessage>> Exchange =
        from steps in Gen.Int[0, 3].Array[0, 4]
        from answered in Gen.Bool
        select Messages(steps, answered);

    private static readonly Gen<(List<ChatMessage> Messages, long[] Tokens, int Start, long Budget)> Prompt =
        from exchanges in Exchange.Array[1, 8]
        let messages = exchanges.SelectMany(some => some).ToList()
        from tokens in Gen.Long[1, 200].Array[messages.Count]
        from budget in Gen.Long[0, 3000]
        from first in Gen.Long[0, 3000]
        select (messages, tokens, ContextCut.Choose(messages, tokens, 0, first), budget);

    [Fact]
    public void Calls_and_their_results_stay_together() => Prompt.Sample(prompt =>
    {
        var view = View(prompt, out _);

        var pending = new List<string>();
        foreach (var message in view)
        {
            Assert.True(message.Role == ChatRole.Tool || pending.Count == 0, "A call has no result.");
            pending.AddRange(message.Contents.OfType<FunctionCallContent>().Select(call => call.CallId));
            Assert.All(message.Contents.OfType<FunctionResultContent>(), result => Assert.True(pending.Remove(result.CallId), "A result has no call."));
        }
    });

    [Fact]
    public void User_speaks_first_and_the_newest_message_is_shown() => Prompt.Sample(prompt =>
    {
        var view = View(prompt, out _);

        Assert.Equal(ChatRole.User, view[0].Role);
        Assert.Same(prompt.Messages[^1], view[^1]);
    });

    [Fact]
    public void What_is_shown_fits_unless_nothing_less_could_be_shown() => Prompt.Sample(prompt =>
    {
        var view = View(prompt, out var cut);

        var tokens = view.Sum(message => prompt.Tokens[prompt.Messages.IndexOf(message)]);
        var nextCut = prompt.Messages.FindIndex(cut + 1 < prompt.Messages.Count ? cut + 1 : cut, message => message.Role != ChatRole.Tool);
        Assert.True(tokens <= prompt.Budget || nextCut <= cut, $"{tokens} of {prompt.Budget}, and a later cut was possible.");
    });

    [Fact]
    public void Cut_never_moves_back() => Prompt.Sample(prompt =>
    {
        View(prompt, out var cut);

        Assert.InRange(cut, prompt.Start, prompt.Messages.Count - 1);
    });

    [Fact]
    public void Model_without_tools_is_shown_text_only() => Exchange.Sample(messages =>
    {
        var shown = ContextCut.WithoutTools(messages).ToList();

        Assert.All(shown.SelectMany(message => message.Contents), content => Assert.IsType<TextContent>(content));
        Assert.Equal(messages.Select(message => message.Text).Where(text => text != ""), shown.Select(message => message.Text));
    });

    private static IReadOnlyList<ChatMessage> View((List<ChatMessage> Messages, long[] Tokens, int Start, long Budget) prompt, out int cut)
    {
        cut = ContextCut.Choose(prompt.Messages, prompt.Tokens, prompt.Start, prompt.Budget);
        return ContextCut.View(prompt.Messages, cut, summary: null);
    }

    private static List<ChatMessage> Messages(int[] steps, bool answered)
    {
        List<ChatMessage> messages = [new(ChatRole.User, "Question")];
        foreach (var calls in steps.Where(calls => calls > 0))
        {
            List<string> ids = [.. Enumerable.Range(0, calls).Select(_ => Guid.NewGuid().ToString())];
            messages.Add(new(ChatRole.Assistant, [.. ids.Select(id => new FunctionCallContent(id, "tool"))]));
            messages.AddRange(ids.Select(id => new ChatMessage(ChatRole.Tool, [new FunctionResultContent(id, "result")])));
        }

        if (answered)
        {
            messages.Add(new(ChatRole.Assistant, "Answer"));
        }

        return messages;
    }
}
