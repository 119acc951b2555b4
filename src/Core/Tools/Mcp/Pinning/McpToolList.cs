using System.Text.Json;
using System.Text.Json.Nodes;
using Yggdrasil.Tools.Mcp.Configuration;
using Yggdrasil.Tools.Mcp.Transport;

namespace Yggdrasil.Tools.Mcp.Pinning;

/// <summary>What a server offers, as it said when it was asked.</summary>
/// <param name="Tools">At most <see cref="MaxTools"/>, each of its name once.</param>
/// <param name="Omitted">How many more it named that are not kept: not usable, too large, named twice, or beyond the most.</param>
/// <param name="TimeToLive">How long the list holds, by the server's word and within our bounds.</param>
internal sealed record McpToolList(IReadOnlyList<McpToolDefinition> Tools, int Omitted, TimeSpan TimeToLive)
{
    /// <summary>The most tools of one server that are kept.</summary>
    public const int MaxTools = 256;

    /// <summary>The most that are looked at, usable or not: reading a schema takes milliseconds.</summary>
    private const int MaxRead = 2 * MaxTools;

    private const int MaxPages = 20;
    private const int MaxCursorLength = 4 * 1024;

    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Usual = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    /// <summary>Asks a server for all pages of its list, as far as they are kept.</summary>
    /// <exception cref="McpFailure">It does not answer.</exception>
    public static async Task<McpToolList> AskAsync(McpConnection connection, McpServerOptions server, CancellationToken cancellationToken)
    {
        Dictionary<string, McpToolDefinition> tools = new(StringComparer.Ordinal);
        var (omitted, read) = (0, 0);
        TimeSpan? timeToLive = null;
        string? cursor = null;
        for (var page = 0; page < MaxPages && (page == 0 || cursor is not null) && tools.Count < MaxTools; page++)
        {
            var result = await connection.SendAsync("tools/list", cursor is null ? [] : new JsonObject { ["cursor"] = cursor }, cancellationToken);
            if (!result.TryGetProperty("tools", out var listed) || listed.ValueKind != JsonValueKind.Array)
            {
                throw new McpFailure(McpFailureKind.Refused, "Its list of tools is none.");
            }

            foreach (var item in listed.EnumerateArray())
            {
                if (tools.Count >= MaxTools || read++ >= MaxRead || Read(item, server) is not { } tool || !tools.TryAdd(tool.Name, tool))
                {
                    omitted++;
                }
            }

            var said = TimeToLiveOf(result);
            timeToLive = timeToLive < said ? timeToLive : said;
            cursor = result.TryGetProperty("nextCursor", out var next) && next.ValueKind == JsonValueKind.String && next.GetString() is { Length: > 0 and <= MaxCursorLength } more
                ? more
                : null;
        }

        return new McpToolList([.. tools.Values.OrderBy(tool => tool.Name, StringComparer.Ordinal)], omitted, timeToLive ?? Usual);
    }

    private static McpToolDefinition? Read(JsonElement item, McpServerOptions server)
    {
        try
        {
            return McpToolDefinition.Read(item) is { Definition: { } tool } && server.Allows(tool.Name) && tool.Fault() is null
                ? tool
                : null;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, which is no text.
            return null;
        }
    }

    private static TimeSpan TimeToLiveOf(JsonElement result)
    {
        if (!result.TryGetProperty("ttlMs", out var given) || given.ValueKind != JsonValueKind.Number || !given.TryGetDouble(out var milliseconds))
        {
            return Usual;
        }

        return TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, Shortest.TotalMilliseconds, Longest.TotalMilliseconds));
    }
}
