using Yggdrasil.Client.Sending;

namespace Yggdrasil.Client;

/// <summary>Starts and follows durable runs of agents, and decides what they wait for. Safe for use by many threads.</summary>
/// <remarks>
/// Every request of it may be repeated without a second effect, and is repeated after failures on the way, as
/// <see cref="YggdrasilClientOptions.MaxRetryAttempts"/> says; <see cref="RunsClient.InvokeAsync"/> and writes under an <c>If-Match</c> are sent once.
/// What the server refuses is a <see cref="YggdrasilException"/>; a server that cannot be reached is an <see cref="HttpRequestException"/>.
/// </remarks>
public sealed class YggdrasilClient : IDisposable
{
    private readonly HttpClient? _own;

    /// <param name="address">Where the server is.</param>
    /// <param name="apiKey">An API key or another bearer token; null for a server that asks for none.</param>
    public YggdrasilClient(Uri address, string? apiKey = null)
        : this(new YggdrasilClientOptions { Address = address, ApiKey = apiKey })
    {
    }

    /// <summary>With connections of its own, until it is disposed of.</summary>
    public YggdrasilClient(YggdrasilClientOptions options)
        : this(NewHttp(), options) => _own = Http;

    /// <summary>Over connections that somebody else looks after, for example <c>IHttpClientFactory</c>.</summary>
    /// <param name="http">Its <see cref="HttpClient.BaseAddress"/> counts where <see cref="YggdrasilClientOptions.Address"/> is null.</param>
    /// <param name="options">How the server is reached.</param>
    public YggdrasilClient(HttpClient http, YggdrasilClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(options);
        Http = http;
        var address = options.Address ?? http.BaseAddress
            ?? throw new ArgumentException("There is no address: set Address of the options, or BaseAddress of the HttpClient.", nameof(options));
        var transport = new Transport(http, address, options);
        Runs = new RunsClient(transport);
        Approvals = new ApprovalsClient(transport);
        Agents = new AgentsClient(transport);
        Conversations = new ConversationsClient(transport);
    }

    /// <summary>Runs: start, follow, wait, control, read.</summary>
    public RunsClient Runs { get; }

    /// <summary>Calls of tools that wait for a person.</summary>
    public ApprovalsClient Approvals { get; }

    /// <summary>Agents, and the tools that they may have.</summary>
    public AgentsClient Agents { get; }

    /// <summary>Conversations and their messages.</summary>
    public ConversationsClient Conversations { get; }

    private HttpClient Http { get; }

    /// <inheritdoc/>
    public void Dispose() => _own?.Dispose();

    private static HttpClient NewHttp() => new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5) });
}
