using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Yggdrasil.Tools.Mcp;

/// <summary>How tools of MCP servers are named: <c>mcp:files/read_file</c> in a definition, <c>files__read_file</c> to models.</summary>
/// <remarks>
/// A server's name holds no underscore, so what stands before the first two of them tells servers apart. A tool's name that a provider
/// would not take, or that is too long, gets a part of its hash: two tools never become one.
/// </remarks>
internal static class McpNames
{
    public const string ServerRule = "1 to 24 characters of a-z, 0-9 and -, a letter first";

    public const string ToolRule = "a tool's name is 1 to 128 characters of letters, digits, _, -, . and /";

    private const string Prefix = "mcp:";
    private const string Separator = "__";
    private const int MaxName = 64;
    private const int HashDigits = 8;

    private static readonly SearchValues<char> ServerCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly SearchValues<char> ToolCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./");

    public static bool IsServer(string name) =>
        name is { Length: >= 1 and <= 24 } && char.IsAsciiLetterLower(name[0]) && !name.AsSpan().ContainsAnyExcept(ServerCharacters);

    /// <remarks>ASCII alone: letters of other scripts that look the same are how one tool passes for another.</remarks>
    public static bool IsTool(string name) => name is { Length: >= 1 and <= 128 } && !name.AsSpan().ContainsAnyExcept(ToolCharacters);

    /// <summary>Whether a definition's entry is of an MCP server.</summary>
    public static bool IsMcp(string listed) => listed.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The parts of an entry; the tool is null where it stands for all of the server's. Null for what is none.</summary>
    public static (string Server, string? Tool)? Parse(string listed)
    {
        if (!IsMcp(listed))
        {
            return null;
        }

        var rest = listed[Prefix.Length..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var (server, tool) = slash < 0 ? (rest, null) : (rest[..slash], rest[(slash + 1)..]);
        return IsServer(server) && (tool is null || IsTool(tool)) ? (server, tool) : null;
    }

    public static string Listed(string server, string? tool = null) => tool is null ? Prefix + server : $"{Prefix}{server}/{tool}";

    /// <summary>Whether models would read a name as that of a server's tool.</summary>
    public static bool IsOf(string server, string name) => name.StartsWith(server + Separator, StringComparison.Ordinal);

    /// <summary>How models call a tool.</summary>
    public static string CalledAs(string server, string tool) => $"{server}{Separator}{IdOf(server, tool)}";

    /// <summary>A tool's name as one segment of a path, and as a part of the name for models.</summary>
    public static string IdOf(string server, string tool)
    {
        var room = MaxName - server.Length - Separator.Length;
        var safe = tool.Replace('.', '_').Replace('/', '_');
        if (safe == tool && tool.Length <= room)
        {
            return tool;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tool)))[..HashDigits];
        return $"{safe[..Math.Min(safe.Length, room - HashDigits - 1)]}_{hash}";
    }

    /// <summary>What is the same for names that people take for one another.</summary>
    public static string Skeleton(string tool) => string.Concat(tool.ToLowerInvariant()
        .Where(static c => c is not ('_' or '-' or '.' or '/'))
        .Select(static c => c switch { '0' => 'o', '1' or 'i' => 'l', '5' => 's', _ => c }));
}
