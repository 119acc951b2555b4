using System.Globalization;
using Yggdrasil.Load.Scenarios;

namespace Yggdrasil.Load;

/// <summary>The users that load is made of: each has a token, conversations and chance of its own.</summary>
internal sealed class VirtualUsers
{
    /// <summary>Stands for the user's number in a token: <c>dev:load-{user}</c>.</summary>
    public const string NumberInToken = "{user}";

    private readonly RunClient _client;
    private readonly ScenarioMix _mix;
    private readonly User[] _users;

    /// <param name="count">How many.</param>
    /// <param name="turns">After so many turns of a conversation a user begins a new one.</param>
    /// <param name="tokens">Dealt to the users in turn; empty sends none.</param>
    /// <param name="seed">The same seed plays the same scenarios and prompts.</param>
    public VirtualUsers(RunClient client, ScenarioMix mix, int count, int turns, IReadOnlyList<string> tokens, int seed)
    {
        _client = client;
        _mix = mix;
        _users = [.. Enumerable.Range(0, count).Select(number => new User(
            TokenOf(tokens, number), new ConversationPool(turns), new Random(unchecked((seed * 397) + number))))];
    }

    /// <summary>One run of one user.</summary>
    public async Task<RunOutcome> PlayAsync(int number)
    {
        var user = _users[number % _users.Length];
        Scenario scenario;
        ConversationPool.Turn? turn;
        string prompt;

        // In the open model one user may play twice at a time, and Random is not made for that.
        lock (user)
        {
            scenario = _mix.Pick(user.Random);
            turn = scenario.InConversation ? user.Conversations.Take() : null;
            prompt = scenario.Prompt(user.Random, turn?.Number ?? 0);
        }

        var outcome = await _client.RunAsync(scenario, prompt, turn?.ConversationId, user.Token);
        if (turn is not null && outcome.Error is null)
        {
            user.Conversations.GiveBack(turn);
        }

        return outcome;
    }

    internal static string? TokenOf(IReadOnlyList<string> tokens, int user) => tokens.Count == 0
        ? null
        : tokens[user % tokens.Count].Replace(NumberInToken, user.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private sealed record User(string? Token, ConversationPool Conversations, Random Random);
}
