using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Agents;

/// <summary>Where an agent in a list comes from, in the order in which lists show them.</summary>
internal enum AgentKind
{
    Configured,
    Own,
    Shared,
}

/// <summary>A place in a list of agents: the kind and id of the last agent before it.</summary>
internal static class AgentCursor
{
    private static readonly string[] Marks = ["c:", "o:", "s:"];

    /// <exception cref="InvalidRequestException">The text is not a cursor of this list.</exception>
    public static (AgentKind Kind, string? LastId) Parse(string? after)
    {
        if (after is null)
        {
            return (AgentKind.Configured, null);
        }

        var kind = Array.FindIndex(Marks, mark => after.StartsWith(mark, StringComparison.Ordinal));
        var id = kind < 0 ? "" : after[Marks[kind].Length..];
        return Ids.IsValid(id) || Ids.IsSharedAgent(id)
            ? ((AgentKind)kind, id)
            : throw InvalidRequestException.NotACursor();
    }

    public static string Format(AgentKind kind, string lastId) => Marks[(int)kind] + lastId;
}
