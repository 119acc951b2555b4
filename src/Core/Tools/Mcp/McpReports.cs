using System.Text.Json;
using Yggdrasil.Tools.Mcp.Configuration;
using Yggdrasil.Tools.Mcp.Pinning;

namespace Yggdrasil.Tools.Mcp;

/// <summary>A server as operators see it.</summary>
/// <param name="Omitted">How many of its tools are not kept: not usable, too large, named twice, or beyond the most.</param>
/// <param name="Error">Why this instance could not ask it last; null where it could, or has not.</param>
/// <param name="IsBrokenOff">Whether this instance leaves it alone after failures.</param>
/// <param name="Tools">How many tools there are of each status.</param>
public sealed record McpServerReport(
    McpServerOptions Options, DateTimeOffset? ListedAt, DateTimeOffset? FreshUntil, int Omitted, string? Error, bool IsBrokenOff,
    IReadOnlyDictionary<McpToolStatus, int> Tools);

/// <summary>A tool of a server as operators see it.</summary>
/// <param name="Id">Its name as one segment of a path.</param>
/// <param name="Listed">How agents name it.</param>
/// <param name="CalledAs">How models call it.</param>
/// <param name="Hash">What an operator approves.</param>
/// <param name="Definition">What the server says of it; null where that cannot be read.</param>
/// <param name="Changes">What is not as it was approved; empty without an approval.</param>
/// <param name="Warnings">What an operator should look at, in words.</param>
public sealed record McpToolReport(
    string Id, string Name, string Listed, string CalledAs, McpToolStatus Status, string Hash, string? ApprovedHash, DateTimeOffset? ApprovedAt,
    string? ApprovedBy, DateTimeOffset FirstSeenAt, DateTimeOffset ChangedAt, bool RequiresApproval, bool Idempotent, JsonElement? Definition,
    IReadOnlyList<McpToolChange> Changes, IReadOnlyList<string> Warnings)
{
    internal static McpToolReport Of(
        McpServerOptions server, McpToolRow row, McpToolDefinition? current, McpToolDefinition? approved, IReadOnlyList<McpToolRow> others) => new(
        McpNames.IdOf(server.Name, row.Name), row.Name, McpNames.Listed(server.Name, row.Name), McpNames.CalledAs(server.Name, row.Name),
        row.Status, row.Hash, row.Approved, row.Approved is null ? null : row.ApprovedAt, row.Approved is null ? null : row.ApprovedBy,
        row.FirstSeenAt, row.ChangedAt, server.NeedsApproval(current?.ReadOnlyHint == true, current?.DestructiveHint == true),
        server.IdempotentTools.Contains(row.Name), current?.Json, ChangesOf(approved, current), [.. WarningsOf(row, current, others)]);

    private static IReadOnlyList<McpToolChange> ChangesOf(McpToolDefinition? before, McpToolDefinition? after)
    {
        if (before is null || after is null)
        {
            return [];
        }

        var names = before.Json.EnumerateObject().Concat(after.Json.EnumerateObject()).Select(property => property.Name).Distinct(StringComparer.Ordinal);
        return
        [
            .. from name in names.Order(StringComparer.Ordinal)
               let was = Value(before, name)
               let now = Value(after, name)
               where was?.GetRawText() != now?.GetRawText()
               select new McpToolChange(name, was, now),
        ];
    }

    private static JsonElement? Value(McpToolDefinition definition, string name) => definition.Json.TryGetProperty(name, out var value) ? value : null;

    private static IEnumerable<string> WarningsOf(McpToolRow row, McpToolDefinition? current, IReadOnlyList<McpToolRow> others)
    {
        if (current?.HidesText == true)
        {
            yield return "Its definition holds characters that are not visible; models are shown it without them.";
        }

        var skeleton = McpNames.Skeleton(row.Name);
        foreach (var other in others.Where(other => other.Name != row.Name && other.IsOffered && McpNames.Skeleton(other.Name) == skeleton))
        {
            yield return $"Its name is easily taken for \"{other.Name}\".";
        }
    }
}

/// <summary>A field of a tool that is not as it was approved.</summary>
/// <param name="Approved">What was approved; null where the field is new.</param>
/// <param name="Offered">What the server says now; null where the field is gone.</param>
public sealed record McpToolChange(string Field, JsonElement? Approved, JsonElement? Offered);
