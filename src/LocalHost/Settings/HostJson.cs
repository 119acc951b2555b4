using System.Text.Json;
using System.Text.Json.Serialization;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Settings;

/// <summary>What this host reads of host.json.</summary>
internal sealed record HostJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNameCaseInsensitive = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        RespectNullableAnnotations = true,
    };

    public HostExtensions Extensions { get; init; } = new();

    /// <summary>Reads the file, or <paramref name="otherwise"/> where there is none; every default where there is neither.</summary>
    /// <exception cref="LocalHostException">The file is not valid.</exception>
    public static HostJson Read(string path, string? otherwise = null)
    {
        var text = File.Exists(path) ? File.ReadAllText(path) : otherwise;
        if (text is null)
        {
            return new HostJson();
        }

        try
        {
            var read = JsonSerializer.Deserialize<HostJson>(text, Options) ?? new HostJson();
            read.Extensions.Queues.Validate();
            return read;
        }
        catch (JsonException invalid)
        {
            throw new LocalHostException($"{path} is not valid: {invalid.Message}", invalid);
        }
    }
}

internal sealed record HostExtensions
{
    public HttpSettings Http { get; init; } = new();

    public QueueSettings Queues { get; init; } = new();
}

internal sealed record HttpSettings
{
    /// <summary>What stands before every route; empty for nothing.</summary>
    public string RoutePrefix { get; init; } = "api";
}

/// <summary><c>extensions.queues</c>, with the defaults of the genuine host.</summary>
internal sealed record QueueSettings
{
    /// <summary>The longest wait between two looks at an empty queue; 100 ms to 1 minute.</summary>
    public TimeSpan MaxPollingInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a message stays invisible after its function failed.</summary>
    public TimeSpan VisibilityTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>Messages fetched at once; 1 to 32.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>More are fetched once no more than this many run; half of <see cref="BatchSize"/> by default.</summary>
    public int? NewBatchThreshold { get; init; }

    /// <summary>Attempts before a message goes to the poison queue; at least 1.</summary>
    public int MaxDequeueCount { get; init; } = 5;

    public QueueEncoding MessageEncoding { get; init; } = QueueEncoding.Base64;

    public int RefillAt => NewBatchThreshold ?? BatchSize / 2;

    public void Validate()
    {
        Require(BatchSize is >= 1 and <= 32, "batchSize", "1 to 32");
        Require(MaxDequeueCount >= 1, "maxDequeueCount", "at least 1");
        Require(RefillAt >= 0, "newBatchThreshold", "at least 0");
        Require(VisibilityTimeout >= TimeSpan.Zero && VisibilityTimeout <= TimeSpan.FromDays(7),
            "visibilityTimeout", "00:00:00 to 7.00:00:00");
        Require(MaxPollingInterval >= TimeSpan.FromMilliseconds(100) && MaxPollingInterval <= TimeSpan.FromMinutes(1),
            "maxPollingInterval", "00:00:00.1 to 00:01:00");
    }

    private static void Require(bool condition, string setting, string range)
    {
        if (!condition)
        {
            throw new LocalHostException($"host.json: extensions.queues.{setting} must be {range}.");
        }
    }
}

[JsonConverter(typeof(JsonStringEnumConverter<QueueEncoding>))]
internal enum QueueEncoding
{
    Base64,
    None,
}
