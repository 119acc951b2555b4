using Yggdrasil.Models.Profiles;

namespace Yggdrasil.Models.Configuration;

/// <summary>One provider's settings, <c>Providers__name__…</c>, over its built-in defaults.</summary>
/// <remarks>The API key is not among them: it is read from <c>ISecrets</c> at each call, because it rotates.</remarks>
public sealed class ProviderOptions
{
    /// <summary>The part before the colon of a model id, lower case.</summary>
    public required string Name { get; init; }

    /// <summary>How it is spoken to: <c>openai</c>, <c>azure</c>, <c>anthropic</c>, <c>ollama</c> or <c>openai-compatible</c>. Known for built-in names, required for others.</summary>
    public required ProviderType Type { get; init; }

    /// <summary>Where the provider's API begins; built-in names but Azure's have one.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Whether a call without an API key is refused here rather than upstream.</summary>
    public bool RequiresApiKey { get; init; }

    /// <summary>Whether a key would be sent if there were one.</summary>
    public bool TakesApiKey => Type is not (ProviderType.Demo or ProviderType.Ollama);

    /// <summary>
    /// Seconds a call may go without a byte: until the first one, all attempts at this provider together, and between any two
    /// after it. A comment that keeps the connection alive counts as one. 1 to 3600, default the profile's, 600 for most.
    /// </summary>
    public int TimeoutSeconds { get; init; } = ProviderTimeouts.Default.Call;

    /// <summary>
    /// Seconds one attempt may go without a byte before the model has said or thought anything; then it counts as failed and is
    /// repeated, within <see cref="TimeoutSeconds"/>. 1 to <see cref="TimeoutSeconds"/>, default the profile's, but no more.
    /// </summary>
    public int FirstTokenSeconds { get; init; } = ProviderTimeouts.Default.FirstToken;

    /// <summary>
    /// Seconds an answer may take from the request to its end, however steadily it comes. 1 to 3600, default 3600.
    /// </summary>
    public int StreamSeconds { get; init; } = ProviderTimeouts.Default.Stream;

    /// <summary>Seconds until a connection has to stand, TLS included. 1 to 60, default the profile's, 10 for most.</summary>
    public int ConnectSeconds { get; init; } = ProviderTimeouts.Default.Connect;

    /// <summary>Calls in flight at once in this process; further ones wait in order. 1 to 10,000, default 20.</summary>
    public int MaxConcurrency { get; init; } = 20;

    /// <summary>Calls that may wait; one more is refused and goes to the next provider. 0 to 100,000, default 1000.</summary>
    public int MaxQueue { get; init; } = 1000;

    /// <summary>
    /// Connections in the pool. At least <see cref="MaxConcurrency"/>, at most 20,000; default one more than that, for the
    /// probe of a provider whose every connection hangs.
    /// </summary>
    public int MaxConnections { get; init; } = 21;

    /// <summary>
    /// Seconds a connection serves before it is replaced, so that new addresses behind a name are noticed. 10 to 86,400,
    /// default 300.
    /// </summary>
    public int ConnectionLifetimeSeconds { get; init; } = 300;

    /// <summary>
    /// Seconds of silence after which an HTTP/2 connection with calls in flight is pinged, and given up when the answer
    /// takes longer than 10 s. 1 to 3600, default 30.
    /// </summary>
    public int KeepAliveSeconds { get; init; } = 30;

    /// <summary>
    /// Kilobytes of text, reasoning and arguments of calls that an answer may have; a longer one is cut and fails as
    /// <c>answer_too_long</c>. 1 to 1,048,576, default 4096.
    /// </summary>
    public int MaxAnswerKilobytes { get; init; } = 4096;

    /// <summary>
    /// Attempts after a first that failed in a way worth repeating; and as many after an answer that broke off, once the agent's other models
    /// could not answer either. 0 to 10, default 2.
    /// </summary>
    public int RetryAttempts { get; init; } = 2;

    /// <summary>
    /// The breaker opens once this many attempts ended within <see cref="BreakerSeconds"/> and at least half of them
    /// failed. 2 to 1000, default 5.
    /// </summary>
    public int BreakerFailures { get; init; } = 5;

    /// <summary>Seconds an open breaker refuses calls before it lets one probe through. 1 to 3600, default 30.</summary>
    public int BreakerSeconds { get; init; } = 30;

    /// <summary>Settings over what docs/providers.md says of the provider.</summary>
    public ProfileOptions Profile { get; init; } = new();

    /// <summary>What the provider takes and gives: its profile, with the settings over it.</summary>
    public ProviderProfile Rules => field ??= Profile.Over(ProviderProfiles.Of(Name, Type, Profile.Like));

    public TimeSpan Timeout => TimeSpan.FromSeconds(TimeoutSeconds);

    public TimeSpan FirstTokenTimeout => TimeSpan.FromSeconds(FirstTokenSeconds);

    public TimeSpan StreamTimeout => TimeSpan.FromSeconds(StreamSeconds);

    public TimeSpan BreakDuration => TimeSpan.FromSeconds(BreakerSeconds);

    /// <summary>The full name of one of this provider's settings, as an environment variable.</summary>
    public string SettingName(string setting) => $"{ModelProvidersOptions.SectionName}__{Name}__{setting}";
}
