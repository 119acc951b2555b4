namespace Yggdrasil.Load.Scenarios;

/// <summary>What a virtual user does when its turn comes: one run.</summary>
/// <param name="Name">As <c>--mix</c> names it.</param>
/// <param name="Weight">Its share of all runs, relative to the others'; 0 leaves it out.</param>
/// <param name="InConversation">Whether its runs continue a conversation, up to <c>--turns</c> of them.</param>
/// <param name="Prompt">What the user says, from a source of chance and the number of the turn.</param>
internal sealed record Scenario(string Name, int Weight, bool InConversation, Func<Random, int, string> Prompt);
