using Microsoft.Extensions.AI;

namespace Yggdrasil.Client.Tests;

/// <summary>Text of streams that broke off: each once, and what is void is said to be.</summary>
public sealed class ChatStreamTests
{
    private readonly ChatStream _stream = new("run_1", answered: null);

    [Fact]
    public void What_was_missed_of_the_deltas_comes_with_the_whole() =>
        Assert.Equal(["One ", "two three."], Texts(Delta("One "), Completed("One two three.")));

    [Fact]
    public void Whole_that_was_told_is_not_told_again() => Assert.Equal(["One ", "two."], Texts(Delta("One "), Delta("two."), Completed("One two.")));

    [Fact]
    public void Restarted_turn_is_another_message_that_names_the_void_one()
    {
        var updates = Tell(Delta("Void "), new ModelRestartedEvent { Turn = 1 }, Delta("One "), Delta("two."), Completed("One two."));

        Assert.Equal(["Void ", "One ", "two."], updates.Select(update => update.Text));
        Assert.Equal(2, updates.Select(update => update.MessageId).Distinct().Count());
        Assert.Equal(updates[0].MessageId, updates[1].AdditionalProperties![YggdrasilChatExtensions.VoidsMessage]);
        Assert.Null(updates[2].AdditionalProperties);
        Assert.Equal("One two.", updates.ToChatResponse().Messages[^1].Text);
    }

    [Fact]
    public void Whole_that_is_another_text_takes_the_place_of_the_deltas()
    {
        var updates = Tell(Delta("Void "), Completed("One two."));

        Assert.Equal("One two.", updates.ToChatResponse().Messages[^1].Text);
        Assert.Equal(updates[0].MessageId, updates[1].AdditionalProperties![YggdrasilChatExtensions.VoidsMessage]);
    }

    [Fact]
    public void Turns_are_messages_of_their_own() =>
        Assert.Equal(2, Tell(Completed("One."), Completed("Two.", turn: 2)).ToChatResponse().Messages.Count);

    private static ModelDeltaEvent Delta(string text) => new() { Turn = 1, Text = text };

    private static ModelCompletedEvent Completed(string text, int turn = 1) => new() { Turn = turn, Text = text, ToolCalls = [] };

    private List<ChatResponseUpdate> Tell(params RunEvent[] events) => [.. events.SelectMany(_stream.Tell)];

    private IEnumerable<string> Texts(params RunEvent[] events) => Tell(events).Select(update => update.Text);
}
