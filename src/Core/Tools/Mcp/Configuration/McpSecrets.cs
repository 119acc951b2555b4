using Microsoft.Extensions.Options;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Tools.Mcp.Configuration;

/// <summary>The secrets of the configured servers.</summary>
internal sealed class McpSecrets(IOptions<McpOptions> options) : IWantedSecrets
{
    public IEnumerable<SecretName> Names =>
        options.Value.Servers.Select(server => server.Auth.Secret).OfType<string>().Distinct(StringComparer.Ordinal).Select(SecretName.OfMcp);
}
