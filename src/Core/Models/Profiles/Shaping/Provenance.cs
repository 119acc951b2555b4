using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>
/// Says of reasoning and of calls which model made them, in the content itself: so it survives the journal, conversations and
/// forks, and reasoning goes back to nobody else.
/// </summary>
internal static class Provenance
{
    private const string MadeBy = "madeBy";

    /// <summary>Notes the model on the content.</summary>
    /// <param name="model">As <c>provider:model</c>.</param>
    public static void Note(AIContent content, string model) => (content.AdditionalProperties ??= [])[MadeBy] = model;

    /// <summary>Whether this very model made it; false where nobody noted who did.</summary>
    public static bool IsOf(AIContent content, string model) => content.ReadText(MadeBy) == model;

    /// <summary>A text among the additional properties, also once it was stored.</summary>
    public static string? ReadText(this AIContent content, string property) =>
        content.AdditionalProperties?.GetValueOrDefault(property) switch
        {
            string text => text,
            JsonElement { ValueKind: JsonValueKind.String } text => text.GetString(),
            _ => null,
        };
}
