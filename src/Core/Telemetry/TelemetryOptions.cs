namespace Yggdrasil.Telemetry;

/// <summary>Where telemetry goes and what is in it. Section <c>Telemetry</c>.</summary>
public sealed class TelemetryOptions
{
    public const string Section = "Telemetry";

    public OtlpOptions Otlp { get; init; } = new();

    /// <summary>The share of traces that are kept, 0 to 1; of a run all spans or none, on whichever instance.</summary>
    public double SampleRatio { get; set; } = 1;

    /// <summary>
    /// Puts prompts, answers and tool arguments into the spans of model calls. Whoever may read traces reads them then, and
    /// nothing encrypts them for one owner alone.
    /// </summary>
    public bool IncludeContent { get; set; }

    /// <summary>What is wrong, each entry naming a setting in full.</summary>
    public IEnumerable<string> Problems()
    {
        if (SampleRatio is not (>= 0 and <= 1))
        {
            yield return $"{Section}__{nameof(SampleRatio)} must be 0 to 1.";
        }

        if (Otlp.Endpoint is { Length: > 0 } text
            && !(Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)))
        {
            yield return $"{Section}__{nameof(Otlp)}__{nameof(OtlpOptions.Endpoint)} must be an http or https address.";
        }

        if (Otlp.Protocol is not (OtlpOptions.Grpc or OtlpOptions.HttpProtobuf))
        {
            yield return $"{Section}__{nameof(Otlp)}__{nameof(OtlpOptions.Protocol)} must be {OtlpOptions.Grpc} or {OtlpOptions.HttpProtobuf}.";
        }
    }
}

/// <summary>An OpenTelemetry collector. <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> and the like work too; these settings have priority.</summary>
public sealed class OtlpOptions
{
    public const string Grpc = "grpc";
    public const string HttpProtobuf = "http/protobuf";

    /// <summary>The collector's base address, such as <c>http://localhost:4317</c>; unset for none.</summary>
    public string? Endpoint { get; set; }

    /// <summary><c>grpc</c> (default) or <c>http/protobuf</c>, for which the signal's path is added to the address.</summary>
    public string Protocol { get; set; } = Grpc;
}
