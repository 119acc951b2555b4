using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Telemetry;

/// <summary>Warns of telemetry that holds content.</summary>
internal sealed partial class TelemetryAtStart(TelemetryOptions options, ILogger<TelemetryAtStart> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.IncludeContent)
        {
            LogIncludesContent();
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(8001, LogLevel.Warning, "Telemetry__IncludeContent is on: traces hold prompts and answers, readable")]
    private partial void LogIncludesContent();
}
