namespace Yggdrasil.Tools.Mcp.Configuration;

/// <summary>One MCP server. Section <c>Mcp:Servers</c>.</summary>
public sealed class McpServerOptions
{
    public const string Section = "Mcp:Servers:0";

    /// <summary>What agents call it, in <c>mcp:&lt;name&gt;/&lt;tool&gt;</c>: 1 to 24 characters of a-z, 0-9 and -, a letter first.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its endpoint (Streamable HTTP), by https; in Development also by http on this machine.</summary>
    public string Url { get; set; } = "";

    /// <summary>How the app shows who it is.</summary>
    public McpAuthOptions Auth { get; init; } = new();

    /// <summary>Seconds that a call may take; 1 to 600.</summary>
    public int TimeoutSeconds { get; set; } = 60;

    /// <summary>Its tools that may be approved at all, by the server's names for them. Empty: all.</summary>
    public IList<string> AllowedTools { get; init; } = [];

    /// <summary>
    /// Its tools whose calls may be repeated without further effect, by the server's names for them. Never taken from what the server says.
    /// A call of any other tool is not made again when its outcome is unknown.
    /// </summary>
    public IList<string> IdempotentTools { get; init; } = [];

    /// <summary>
    /// Which calls wait for a human: <c>Annotations</c> (all but those of tools that say <c>readOnlyHint: true</c> and not
    /// <c>destructiveHint: true</c>), <c>Always</c> or <c>Never</c>. An agent's own approvals come on top.
    /// </summary>
    public McpApprovals Approvals { get; set; } = McpApprovals.Annotations;

    /// <summary>Roles of which a caller needs one for its tools. Empty: everybody may.</summary>
    public IList<string> Roles { get; init; } = [];

    /// <summary>
    /// Whether its host, and that of <c>Auth__TokenUrl</c>, may have private addresses, as in a virtual network. Link-local addresses, which
    /// cloud metadata has, stay refused.
    /// </summary>
    public bool AllowPrivateNetwork { get; set; }

    internal Uri Endpoint => new(Url);

    internal TimeSpan Timeout => TimeSpan.FromSeconds(TimeoutSeconds);

    internal bool Allows(string tool) => AllowedTools.Count == 0 || AllowedTools.Contains(tool);

    internal bool NeedsApproval(bool readOnlyHint, bool destructiveHint) => Approvals switch
    {
        McpApprovals.Always => true,
        McpApprovals.Never => false,
        _ => !readOnlyHint || destructiveHint,
    };
}

/// <summary>Which calls of a server's tools wait for a human.</summary>
public enum McpApprovals
{
    /// <summary>As the tools' annotations say, which can only tighten: what does not call itself read-only waits.</summary>
    Annotations,

    Always,

    /// <summary>None, except those that an agent lists among its approvals.</summary>
    Never,
}
