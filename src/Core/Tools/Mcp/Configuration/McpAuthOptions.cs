namespace Yggdrasil.Tools.Mcp.Configuration;

/// <summary>How the app shows a server who it is. The token of a run's caller is never passed on.</summary>
public sealed class McpAuthOptions
{
    /// <summary>
    /// <c>None</c>, <c>Bearer</c> (the secret is the token), <c>ClientCredentials</c> (OAuth 2, the secret is the client's) or
    /// <c>ManagedIdentity</c> (a token of Microsoft Entra for <c>Scope</c>).
    /// </summary>
    public McpAuthType Type { get; set; } = McpAuthType.None;

    /// <summary>The name of the Key Vault secret; in development of <c>Mcp__Secrets__&lt;secret&gt;</c>. Never the secret itself.</summary>
    public string? Secret { get; set; }

    /// <summary>The token endpoint, for <c>ClientCredentials</c>.</summary>
    public string? TokenUrl { get; set; }

    /// <summary>The client's id, for <c>ClientCredentials</c>.</summary>
    public string? ClientId { get; set; }

    /// <summary>The scope asked for; with <c>ManagedIdentity</c> the server's audience, such as <c>api://files/.default</c>.</summary>
    public string? Scope { get; set; }
}

/// <summary>The ways to show who one is.</summary>
public enum McpAuthType
{
    None,
    Bearer,
    ClientCredentials,
    ManagedIdentity,
}
