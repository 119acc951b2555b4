using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Tools;

/// <summary>
/// Builds the catalog when the host starts, so that a tool nobody can call stops a deployment instead of the first run
/// that names it.
/// </summary>
internal sealed partial class ToolCatalogAtStart(ToolCatalog catalog, ILogger<ToolCatalogAtStart> logger)
    : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        LogTools(catalog.All.Count);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(2011, LogLevel.Information, "{Count} tools are registered.")]
    private partial void LogTools(int count);
}
