namespace Yggdrasil.Contract.Tests;

/// <summary>The host of a test in the place of the one that documents name.</summary>
internal static class LocalHostAddress
{
    /// <summary>A document's command or program, sent to a host of a test instead of to LocalHost's own port.</summary>
    public static string Local(this LocalHostProcess host, string text) =>
        text.Replace("http://localhost:7071", host.Http.BaseAddress!.ToString().TrimEnd('/'), StringComparison.Ordinal);
}
