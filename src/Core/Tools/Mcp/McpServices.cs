using Azure.Core;
using Azure.Identity;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Protection.Secrets;
using Yggdrasil.Tools.Egress;
using Yggdrasil.Tools.Mcp.Configuration;
using Yggdrasil.Tools.Mcp.Pinning;
using Yggdrasil.Tools.Mcp.Transport;

namespace Yggdrasil.Tools.Mcp;

/// <summary>Registers the tools of MCP servers.</summary>
internal static class McpServices
{
    public static void AddMcpTools(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<McpOptions>(configuration, McpOptions.Section);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<McpOptions>, McpOptionsValidator>());
        services.AddSingleton<IWantedSecrets, McpSecrets>();
        services.AddSingleton<McpEntries>();
        services.AddSingleton<McpToolStore>();
        services.AddSingleton(Create);
        services.AddOwn<McpServerService>();
    }

    private static McpTools Create(IServiceProvider provider)
    {
        var time = provider.GetRequiredService<TimeProvider>();
        var logger = provider.GetRequiredService<ILogger<McpTools>>();
        return new McpTools(
            provider.GetRequiredService<McpOptions>().Servers.Select(server => new McpServer(
                server, Connect(server, provider), provider.GetRequiredService<McpToolStore>(), time, logger)),
            provider.GetRequiredService<ToolCatalog>(),
            time,
            logger);
    }

    private static McpConnection Connect(McpServerOptions server, IServiceProvider provider)
    {
        var isDevelopment = provider.GetService<IHostEnvironment>()?.IsDevelopment() == true;
        var handler = McpHttp.CreateHandler(server, provider.GetRequiredService<IHostResolver>(), isDevelopment);

        // Only a managed identity needs one; looking for it takes seconds on a machine that has none.
        var credential = new Lazy<TokenCredential>(() => provider.GetService<TokenCredential>() ?? new DefaultAzureCredential());
        var tokens = new McpTokens(
            server, provider.GetRequiredService<ISecrets>(), () => credential.Value, new HttpMessageInvoker(handler, disposeHandler: false),
            provider.GetRequiredService<TimeProvider>());
        return new McpConnection(server, McpHttp.CreateClient(handler, tokens));
    }
}
