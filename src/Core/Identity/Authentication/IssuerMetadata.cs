using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect.Configuration;

namespace Yggdrasil.Identity.Authentication;

/// <summary>
/// The issuer's discovery document and keys: read when first needed, again every hour, and when a token names an unknown
/// key. A failed reading leaves the last good one in force.
/// </summary>
internal sealed partial class IssuerMetadata : IConfigurationRetriever<OpenIdConnectConfiguration>, IDisposable
{
    private const string DiscoveryPath = "/.well-known/openid-configuration";
    private const int MaxDocumentBytes = 1024 * 1024;

    // How long a key that the issuer has withdrawn may still be trusted. (The package's default is 12 hours.)
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly HttpClient _http = new() { Timeout = Patience, MaxResponseContentBufferSize = MaxDocumentBytes };
    private readonly ConfigurationManager<OpenIdConnectConfiguration> _manager;
    private readonly OpenIdConnectConfigurationValidator _validator = new();
    private readonly TimeSpan _refreshInterval;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private TaskCompletionSource _reading = NewReading();
    private Task _refresh = Task.CompletedTask;
    private DateTimeOffset _refreshableFrom = DateTimeOffset.MinValue;
    private OpenIdConnectConfiguration? _newest;

    public IssuerMetadata(IOptions<AuthOptions> options, TimeProvider time, ILogger<IssuerMetadata> logger)
    {
        var authority = new Uri(options.Value.Authority!);
        _refreshInterval = TimeSpan.FromSeconds(options.Value.KeyRefreshSeconds);
        _time = time;
        _logger = logger;

        // Also for the address of the keys, which the document names. AuthOptionsValidator has seen to the authority's.
        var documents = new HttpDocumentRetriever(_http) { RequireHttps = authority.Scheme == Uri.UriSchemeHttps };
        _manager = new(authority.AbsoluteUri.TrimEnd('/') + DiscoveryPath, this, documents)
        {
            AutomaticRefreshInterval = MaxAge,

            // RefreshAsync has the limit; this one cannot be asked whether it has let a request pass.
            RefreshInterval = ConfigurationManager<OpenIdConnectConfiguration>.MinimumRefreshInterval,
        };
    }

    /// <exception cref="IssuerUnavailableException">There is no document yet and none can be had.</exception>
    public async ValueTask<OpenIdConnectConfiguration> GetAsync(CancellationToken cancellationToken)
    {
        // Readers of the first document queue up behind each other; without a bound the last would wait for everyone's timeout.
        using var timeout = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await _manager.GetConfigurationAsync(either.Token);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IssuerUnavailableException(failure);
        }
    }

    /// <summary>
    /// Reads the document and keys anew, or joins the reading under way. So that made-up key ids do not become a flood of
    /// requests to the issuer, there is one reading per <see cref="AuthOptions.KeyRefreshSeconds"/>.
    /// </summary>
    /// <returns>The newest document there is: none older than one that <see cref="GetAsync"/> gave.</returns>
    public async Task<OpenIdConnectConfiguration?> RefreshAsync(CancellationToken cancellationToken)
    {
        try
        {
            await RequestRefresh().WaitAsync(Patience, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The last good document stays in force.
        }

        lock (_lock)
        {
            return _newest;
        }
    }

    /// <summary>Reads for the configuration manager, and for those who wait for the end of that.</summary>
    async Task<OpenIdConnectConfiguration> IConfigurationRetriever<OpenIdConnectConfiguration>.GetConfigurationAsync(
        string address, IDocumentRetriever retriever, CancellationToken cancel)
    {
        OpenIdConnectConfiguration? found = null;
        try
        {
            var read = await OpenIdConnectConfigurationRetriever.GetAsync(address, retriever, cancel);
            if (_validator.Validate(read) is { Succeeded: false } result)
            {
                throw new InvalidOperationException(result.ErrorMessage);
            }

            return found = read;
        }
        catch (Exception failure)
        {
            LogUnreadable(failure.GetBaseException().GetType().FullName);
            throw;
        }
        finally
        {
            EndReading(found);
        }
    }

    public void Dispose() => _http.Dispose();

    private Task RequestRefresh()
    {
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            if (now >= _refreshableFrom)
            {
                _refreshableFrom = now + _refreshInterval;
                _refresh = _reading.Task;
                _manager.RequestRefresh();
            }

            return _refresh;
        }
    }

    private void EndReading(OpenIdConnectConfiguration? found)
    {
        lock (_lock)
        {
            _newest = found ?? _newest;
            _reading.SetResult();
            _reading = NewReading();
        }
    }

    private static TaskCompletionSource NewReading() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(3101, LogLevel.Error, "The token issuer's metadata cannot be read ({ExceptionType})")]
    private partial void LogUnreadable(string? exceptionType);
}
