namespace Yggdrasil.Tools.Mcp.Transport;

/// <summary>A server did not do what it was asked. The message is for operators and models: it holds no words of the server's.</summary>
internal sealed class McpFailure : Exception
{
    public McpFailure(McpFailureKind kind, string message)
        : base(message) => Kind = kind;

    public McpFailure(McpFailureKind kind, string message, Exception innerException)
        : base(message, innerException) => Kind = kind;

    public McpFailureKind Kind { get; }
}

/// <summary>What the failure of a request says of its server.</summary>
internal enum McpFailureKind
{
    /// <summary>Nobody answers, or not in MCP; the request may have arrived.</summary>
    Unreachable,

    /// <summary>The credentials are refused, or there are none. Nothing was done.</summary>
    Unauthorized,

    /// <summary>The answer is larger than is read; the request has arrived.</summary>
    TooLarge,

    /// <summary>The server refused the request, or asked for what this app does not offer; it may have been carried out in part.</summary>
    Refused,

    /// <summary>The server failed too often; nothing was sent.</summary>
    BrokenOff,
}
