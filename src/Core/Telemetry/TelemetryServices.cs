using Azure.Core;
using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Telemetry;

/// <summary>Traces, metrics and logs by OpenTelemetry: over OTLP, to Azure Monitor, to both, or nowhere.</summary>
/// <remarks>Where no exporter is configured nothing is registered, and no span is ever made.</remarks>
public static class TelemetryServices
{
    private const string StandardOtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string AzureMonitor = "APPLICATIONINSIGHTS_CONNECTION_STRING";

    /// <summary><c>Authorization=AAD</c>, and <c>;ClientId=…</c> for a user-assigned identity: as the Functions host has it.</summary>
    private const string AzureMonitorAuthentication = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";

    /// <summary>Whether there is somebody to export to.</summary>
    public static bool IsExported(IConfiguration configuration) => ToCollector(configuration) || ToAzureMonitor(configuration);

    internal static void AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<TelemetryOptions>(configuration, TelemetryOptions.Section, options => options.Problems());
        services.AddSingleton<ActiveUsers>();
        services.AddHostedService<TelemetryAtStart>();

        var options = configuration.GetSection(TelemetryOptions.Section).Get<TelemetryOptions>() ?? new TelemetryOptions();
        if (options.Problems().Any() || !IsExported(configuration))
        {
            // Settings that are wrong stop the start, where all of them are named.
            return;
        }

        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(
                "yggdrasil", serviceVersion: typeof(TelemetryServices).Assembly.GetName().Version?.ToString(3)).AddEnvironmentVariableDetector())
            .WithTracing(traces => traces
                .AddSource(Signals.Source)
                .SetSampler(new TraceIdRatioBasedSampler(options.SampleRatio)))
            .WithMetrics(metrics => metrics.AddMeter(Signals.Meter, $"{Signals.Meter}.*").AddMeter("System.Runtime"))
            .WithLogging(logs => logs.AddProcessor(new RunLogAttributes()), logs => logs.IncludeFormattedMessage = true);
        services.AddLogging(QuietLibraries);
        if (ToCollector(configuration))
        {
            telemetry.AddCollector(options.Otlp);
        }

        if (ToAzureMonitor(configuration))
        {
            telemetry.AddAzureMonitor(configuration, options.SampleRatio);
        }
    }

    private static bool ToCollector(IConfiguration configuration) =>
        configuration[$"{TelemetryOptions.Section}:{nameof(TelemetryOptions.Otlp)}:{nameof(OtlpOptions.Endpoint)}"] is { Length: > 0 }
        || configuration[StandardOtlpEndpoint] is { Length: > 0 };

    private static bool ToAzureMonitor(IConfiguration configuration) => configuration[AzureMonitor] is { Length: > 0 };

    private static void AddCollector(this OpenTelemetryBuilder telemetry, OtlpOptions options)
    {
        if (options.Endpoint is not { Length: > 0 } endpoint)
        {
            telemetry.UseOtlpExporter();
            return;
        }

        var protocol = options.Protocol == OtlpOptions.Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        telemetry.UseOtlpExporter(protocol, new Uri(endpoint));
    }

    private static void AddAzureMonitor(this OpenTelemetryBuilder telemetry, IConfiguration configuration, double sampleRatio) =>
        telemetry.UseAzureMonitorExporter(azure =>
        {
            azure.ConnectionString = configuration[AzureMonitor];
            azure.Credential = CredentialOf(configuration[AzureMonitorAuthentication]);

            // Its default is five traces a second, decided by each instance alone, which would tear runs apart.
            azure.TracesPerSecond = null;
            azure.SamplingRatio = (float)sampleRatio;
        });

    private static TokenCredential? CredentialOf(string? authentication)
    {
        var parts = (authentication ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(part => part.Split('=', 2)).Where(part => part.Length == 2)
            .ToDictionary(part => part[0], part => part[1], StringComparer.OrdinalIgnoreCase);
        if (!string.Equals(parts.GetValueOrDefault("Authorization"), "AAD", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        return parts.GetValueOrDefault("ClientId") is { Length: > 0 } clientId
            ? new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(clientId))
            : new DefaultAzureCredential();
    }

    /// <summary>What libraries say of single requests quotes addresses, which hold ids of users.</summary>
    private static void QuietLibraries(ILoggingBuilder logging)
    {
        foreach (var category in (string[])["Microsoft", "System", "Azure"])
        {
            logging.AddFilter<OpenTelemetryLoggerProvider>(category, LogLevel.Warning);
        }
    }
}
