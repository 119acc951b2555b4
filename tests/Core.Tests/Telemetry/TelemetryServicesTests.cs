using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using Yggdrasil.Models;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Tracing;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Tests.Telemetry;

public sealed class TelemetryServicesTests
{
    private const string Azure =
        "APPLICATIONINSIGHTS_CONNECTION_STRING=InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=http://127.0.0.1:9/";

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9")]
    [InlineData("Telemetry:Otlp:Endpoint=http://127.0.0.1:9")]
    [InlineData(Azure)]
    [InlineData(Azure, "APPLICATIONINSIGHTS_AUTHENTICATION_STRING=Authorization=AAD;ClientId=00000000-0000-0000-0000-000000000002")]
    [InlineData(Azure, "Telemetry:Otlp:Endpoint=http://127.0.0.1:9", "Telemetry:Otlp:Protocol=http/protobuf")]
    public async Task Exporters_are_chosen_by_settings_alone_or_together(params string[] settings)
    {
        await using var services = Services(settings);

        Assert.NotNull(services.GetService<TracerProvider>());
        Assert.NotNull(services.GetService<MeterProvider>());
        Assert.NotNull(services.GetService<LoggerProvider>());
        Assert.IsType<TracedModelClients>(services.GetRequiredService<IModelClients>());
    }

    [Fact]
    public async Task Without_an_exporter_nothing_is_registered()
    {
        await using var services = Services();

        Assert.Null(services.GetService<TracerProvider>());
        Assert.Null(services.GetService<MeterProvider>());
    }

    [Theory]
    [InlineData("Telemetry:SampleRatio=1.5", "Telemetry__SampleRatio must be 0 to 1.")]
    [InlineData("Telemetry:Otlp:Endpoint=localhost:4317", "Telemetry__Otlp__Endpoint must be an http or https address.")]
    [InlineData("Telemetry:Otlp:Protocol=http", "Telemetry__Otlp__Protocol must be grpc or http/protobuf.")]
    public async Task Wrong_setting_is_named(string setting, string problem)
    {
        await using var services = Services(setting);

        var invalid = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<TelemetryOptions>());

        Assert.Equal([problem], invalid.Failures);
    }

    private static ServiceProvider Services(params string[] settings)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            settings.Select(setting => setting.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1]))).Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddModelProviders(configuration);
        services.AddTelemetry(configuration);
        return services.BuildServiceProvider();
    }
}
