using System.Collections.Immutable;
using Azure;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Protection.Secrets;

/// <summary>Settings first, then a snapshot of the vault.</summary>
/// <remarks>
/// <code>
///            refresh (timer, or somebody misses a key)
/// Key Vault ──────────────────────────────────────────► snapshot ──► Find, GetVersions
///            value          → in the snapshot
///            404, disabled  → absent, and asked for again at the next refresh
///            anything else  → the last good value stays; State is Stale, or still Loading
/// </code>
/// </remarks>
/// <param name="wanted">What to load beside the content protection key.</param>
internal sealed partial class VaultSecrets(
    SettingSecrets settings,
    VaultReader vault,
    IReadOnlyCollection<SecretName> wanted,
    TimeProvider time,
    ILogger<VaultSecrets> logger) : ISecrets, IDisposable
{
    private static readonly TimeSpan MinBetweenRequested = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RequestedBound = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _oneAtATime = new(1);
    private volatile Snapshot _snapshot = new(ImmutableDictionary<string, IReadOnlyList<SecretVersion>>.Empty, SecretsState.Loading);
    private long? _refreshedAt;

    public SecretsState State => _snapshot.State;

    public string? Find(SecretName name) =>
        settings.Find(name)
        ?? (_snapshot.Versions.TryGetValue(name.Secret, out var versions) && versions is [{ Value.Length: > 0 } current, ..] ? current.Value : null);

    public IReadOnlyList<SecretVersion> GetVersions(SecretName name) =>
        _snapshot.Versions.TryGetValue(name.Secret, out var versions) ? versions : [];

    public async ValueTask RefreshNowAsync(CancellationToken cancellationToken)
    {
        using var bound = new CancellationTokenSource(RequestedBound, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        try
        {
            await _oneAtATime.WaitAsync(either.Token);
            try
            {
                // Whoever waited here while another one refreshed has what that one brought.
                if (_refreshedAt is not { } last || time.GetElapsedTime(last) >= MinBetweenRequested)
                {
                    await RefreshAloneAsync(either.Token);
                }
            }
            finally
            {
                _oneAtATime.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogNoAnswerInTime();
        }
    }

    /// <summary>Asks for everything again and answers whether the vault answered it all.</summary>
    public async Task<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            return await RefreshAloneAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Given up half-way: what is at hand must not be taken for current.
            _snapshot = _snapshot with { State = AfterFailure(_snapshot.State) };
            throw;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public void Dispose() => _oneAtATime.Dispose();

    private async Task<bool> RefreshAloneAsync(CancellationToken cancellationToken)
    {
        _refreshedAt = time.GetTimestamp();
        var before = _snapshot;
        var versions = before.Versions.ToBuilder();
        var complete = true;
        foreach (var name in Needed())
        {
            var answer = await TryReadAsync(name, before, cancellationToken);
            complete &= answer.Failure is null;
            if (answer.Failure is null)
            {
                versions[name.Secret] = answer.Versions;
            }
            else if (answer.Failure is not RequestFailedException { Status: 403 })
            {
                // Only a refusal may concern this secret alone. Of a vault that is down one question is enough: each
                // takes all its retries.
                break;
            }
        }

        // One assignment: nobody sees a new key beside an old state.
        _snapshot = new Snapshot(versions.ToImmutable(), complete ? SecretsState.Current : AfterFailure(before.State));
        LogRefreshed(_snapshot.State, versions.Values.Count(found => found.Count > 0));
        return complete;
    }

    /// <summary>A secret whose setting is present is not asked for, save the master key: its versions decrypt beside the setting.</summary>
    private IEnumerable<SecretName> Needed() =>
        [SecretName.ContentProtectionKey, .. wanted.Where(name => settings.Find(name) is null)];

    private async Task<Answer> TryReadAsync(SecretName name, Snapshot before, CancellationToken cancellationToken)
    {
        try
        {
            return new Answer(name == SecretName.ContentProtectionKey
                ? await vault.ReadVersionsAsync(name.Secret, before.Versions.GetValueOrDefault(name.Secret, []), cancellationToken)
                : await vault.ReadCurrentAsync(name.Secret, cancellationToken));
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it was (network, timeout, identity, a proxy's page in place of JSON), refreshing has to go on.
            LogNotRead(name.Secret, (failure as RequestFailedException)?.Status ?? 0, failure.GetType().FullName);
            return new Answer([], failure);
        }
    }

    private static SecretsState AfterFailure(SecretsState state) =>
        state is SecretsState.Loading ? SecretsState.Loading : SecretsState.Stale;

    [LoggerMessage(5101, LogLevel.Warning, "Secret {Secret} was not read from the vault (status {Status}, {ExceptionType}); its last good value stays in use")]
    private partial void LogNotRead(string secret, int status, string? exceptionType);

    [LoggerMessage(5102, LogLevel.Debug, "Secrets are {State}; {Count} are in the vault")]
    private partial void LogRefreshed(SecretsState state, int count);

    [LoggerMessage(5103, LogLevel.Warning, "The vault did not answer in time to a refresh that a missing key asked for")]
    private partial void LogNoAnswerInTime();

    private sealed record Snapshot(ImmutableDictionary<string, IReadOnlyList<SecretVersion>> Versions, SecretsState State);

    private sealed record Answer(IReadOnlyList<SecretVersion> Versions, Exception? Failure = null);
}
