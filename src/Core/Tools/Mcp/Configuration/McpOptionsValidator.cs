using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Yggdrasil.Tools.Mcp.Configuration;

/// <summary>Fails the start on servers that nobody could connect to, or not safely.</summary>
/// <param name="environment">A host that does not say what environment it runs in is not taken for Development.</param>
internal sealed class McpOptionsValidator(IHostEnvironment? environment = null) : IValidateOptions<McpOptions>
{
    private const int MaxTools = 256;

    public ValidateOptionsResult Validate(string? name, McpOptions options)
    {
        var problems = Problems(options).ToList();
        return problems.Count > 0 ? ValidateOptionsResult.Fail(problems) : ValidateOptionsResult.Success;
    }

    private IEnumerable<string> Problems(McpOptions options)
    {
        if (options.Servers.Count > McpOptions.MaxServers)
        {
            yield return $"Mcp__Servers: at most {McpOptions.MaxServers}.";
        }

        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var (index, server) in options.Servers.Index())
        {
            var setting = $"Mcp__Servers__{index}__";
            if (!McpNames.IsServer(server.Name))
            {
                yield return $"{setting}Name must be {McpNames.ServerRule}.";
            }
            else if (!names.Add(server.Name))
            {
                yield return $"{setting}Name is that of another server, too.";
            }

            foreach (var problem in ProblemsOf(server).Concat(ProblemsOf(server.Auth)))
            {
                yield return setting + problem;
            }
        }
    }

    private IEnumerable<string> ProblemsOf(McpServerOptions server)
    {
        // The address is not shown: people paste whole ones, and those may hold a password.
        if (!IsAddress(server.Url))
        {
            yield return "Url must be an https address without a user name, password or fragment; in Development http on this machine too.";
        }

        if (server.TimeoutSeconds is < 1 or > 600)
        {
            yield return "TimeoutSeconds must be between 1 and 600.";
        }

        if (server.AllowedTools.Count > MaxTools || server.AllowedTools.Any(tool => !McpNames.IsTool(tool)))
        {
            yield return $"AllowedTools must be at most {MaxTools} names; {McpNames.ToolRule}.";
        }

        if (server.IdempotentTools.Count > MaxTools || server.IdempotentTools.Any(tool => !McpNames.IsTool(tool)))
        {
            yield return $"IdempotentTools must be at most {MaxTools} names; {McpNames.ToolRule}.";
        }

        if (server.Roles.Any(string.IsNullOrWhiteSpace))
        {
            yield return "Roles holds an empty role, which nobody has.";
        }
    }

    private IEnumerable<string> ProblemsOf(McpAuthOptions auth)
    {
        var takesSecret = auth.Type is McpAuthType.Bearer or McpAuthType.ClientCredentials;
        if (takesSecret && !(auth.Secret is { Length: <= 127 } secret && IsSecretName(secret)))
        {
            yield return "Auth__Secret must be the name of a Key Vault secret: 1 to 127 characters of letters, digits and -. The secret itself stays in the vault.";
        }

        if (!takesSecret && auth.Secret is not null)
        {
            yield return $"Auth__Secret is given, but Auth__Type {auth.Type} has none.";
        }

        if (auth.Type == McpAuthType.ClientCredentials)
        {
            if (!IsAddress(auth.TokenUrl))
            {
                yield return "Auth__TokenUrl must be an https address; in Development http on this machine too.";
            }

            if (string.IsNullOrWhiteSpace(auth.ClientId))
            {
                yield return "Auth__ClientId is required with Auth__Type ClientCredentials.";
            }
        }

        if (auth.Type == McpAuthType.ManagedIdentity && string.IsNullOrWhiteSpace(auth.Scope))
        {
            yield return "Auth__Scope is required with Auth__Type ManagedIdentity: the server's audience, such as api://files/.default.";
        }
    }

    private bool IsAddress(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback && environment?.IsDevelopment() == true))
        && uri.UserInfo.Length == 0
        && uri.Fragment.Length == 0;

    private static bool IsSecretName(string text) => text.Length > 0 && text.All(static c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
