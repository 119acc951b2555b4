using CsCheck;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Profiles;
using Yggdrasil.Models.Profiles.Shaping;

namespace Yggdrasil.Tests.Providers.Profiles;

public sealed class MessageOrderTests
{
    private const RefusedOrders All = RefusedOrders.UserAfterTool | RefusedOrders.ConsecutiveUsers | RefusedOrders.AssistantFirst;

    private static readonly ChatRole[] Roles = [ChatRole.System, ChatRole.User, ChatRole.Assistant, ChatRole.Tool];

    private static readonly Gen<List<ChatMessage>> Conversations =
        Gen.Int[0, 3].Select(Gen.String[1, 5], (role, text) => new ChatMessage(Roles[role], text)).List[0, 12];

    [Fact]
    public void No_refused_order_is_left_and_nothing_that_was_said_is_lost() => Conversations.Sample(messages =>
    {
        var corrected = MessageOrder.Mend(messages, All);

        Assert.DoesNotContain(corrected.Zip(corrected.Skip(1)), pair => pair.First.Role == ChatRole.Tool && pair.Second.Role == ChatRole.User);
        Assert.DoesNotContain(corrected.Zip(corrected.Skip(1)), pair => pair.First.Role == ChatRole.User && pair.Second.Role == ChatRole.User);
        Assert.DoesNotContain(corrected.Zip(corrected.Skip(1)), pair => pair.First.Role == ChatRole.System && pair.Second.Role == ChatRole.Assistant);
        Assert.False(corrected is [var first, ..] && first.Role == ChatRole.Assistant);
        var said = string.Join('\n', corrected.Select(message => message.Text));
        Assert.All(messages, message => Assert.Contains(message.Text, said, StringComparison.Ordinal));
    });

    [Fact]
    public void Messages_in_order_stay_the_same_list() => Conversations.Sample(messages =>
        Assert.Same(messages, MessageOrder.Mend(messages, RefusedOrders.None)));

    [Fact]
    public void Exchange_that_ended_with_a_tools_result_gets_a_closing_message()
    {
        List<ChatMessage> messages = [new(ChatRole.User, "17*23?"), new(ChatRole.Assistant, "…"), new(ChatRole.Tool, "391"), new(ChatRole.User, "And?")];

        var corrected = MessageOrder.Mend(messages, RefusedOrders.UserAfterTool);

        Assert.Equal([ChatRole.User, ChatRole.Assistant, ChatRole.Tool, ChatRole.Assistant, ChatRole.User], corrected.Select(message => message.Role));
    }
}
