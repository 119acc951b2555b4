using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Protection;

namespace Yggdrasil.Users.ApiKeys;

/// <summary>Believes API keys, whatever else the host believes.</summary>
/// <remarks>
/// In order: form and checksum, without a read → the row of the key's id → the hash, in constant time → expiry. To everybody but the
/// holder of the secret all failures are one: nobody learns whether a key exists or existed.
/// <para>A row, also that there is none, is believed for 5 s from before it was asked for, and asking takes 4 s at most: a key that was
/// revoked lets nobody in on any instance 10 s later. While storage does not answer, keys are refused.</para>
/// </remarks>
public sealed partial class ApiKeyAuthentication
{
    /// <summary>The code of a key whose time is over, told to its holder alone.</summary>
    public const string ExpiredCode = "key_expired";

    private const string Scheme = "Bearer ";
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>How exact the last use is that owners see, so that it costs no write per request.</summary>
    private static readonly TimeSpan UsePrecision = TimeSpan.FromMinutes(1);

    /// <summary>How long a request waits for its use to be written down.</summary>
    private static readonly TimeSpan UsePatience = TimeSpan.FromSeconds(2);

    private const int MaxUses = 10_000;

    private readonly ApiKeyStore _store;
    private readonly RecentAnswers<string, StoredApiKey?> _known;
    private readonly ConcurrentDictionary<string, DateTimeOffset> _uses = new();
    private readonly TimeProvider _time;
    private readonly ILogger<ApiKeyAuthentication> _logger;

    internal ApiKeyAuthentication(ApiKeyStore store, TimeProvider time, ILogger<ApiKeyAuthentication> logger)
    {
        (_store, _time, _logger) = (store, time, logger);
        _known = new(ReadAsync, Lifetime, Patience, time);
    }

    /// <summary>Whether a request comes with what is meant to be an API key, and is therefore nobody else's to judge.</summary>
    /// <param name="authorization">The value of the <c>Authorization</c> header.</param>
    public static bool IsMeant(string? authorization) =>
        authorization is not null && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
        && authorization.AsSpan(Scheme.Length).TrimStart(' ').StartsWith(ApiKeyText.Prefix, StringComparison.Ordinal);

    /// <param name="authorization">For which <see cref="IsMeant"/>.</param>
    /// <exception cref="UnauthenticatedException">It is no key, or no longer.</exception>
    public async ValueTask<Caller> AuthenticateAsync(string authorization, CancellationToken cancellationToken)
    {
        // Bounded before it is copied: a header may have many thousand characters.
        var sent = authorization.AsSpan(Scheme.Length).Trim(' ');
        if (sent.Length != ApiKeyText.Length || !ApiKeyText.TryRead(sent.ToString(), out var id))
        {
            throw Refused();
        }

        var hash = ApiKeyText.HashOf(sent.ToString());
        if (await _known.FindAsync(id, cancellationToken) is not { } key || !CryptographicOperations.FixedTimeEquals(hash, key.Hash))
        {
            throw Refused();
        }

        if (key.IsExpired(_time.GetUtcNow()))
        {
            throw new UnauthenticatedException("This API key has expired; make another one.", credentialsSent: true, ExpiredCode);
        }

        await NoteUseAsync(key.Owner, id, cancellationToken);
        return key.CallerOf(id);
    }

    /// <summary>Whether a key that let somebody in still would.</summary>
    public async ValueTask<bool> IsValidAsync(CallerKey key, CancellationToken cancellationToken) =>
        await _known.FindAsync(key.Id, cancellationToken) is { } stored && !stored.IsExpired(_time.GetUtcNow());

    /// <summary>Asks anew when the key comes next.</summary>
    internal void Forget(string id) => _known.Forget(id);

    private static UnauthenticatedException Refused() => new("The API key is not valid, or no longer valid.", credentialsSent: true);

    private async Task<StoredApiKey?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            return await _store.FindAsync(id, cancellationToken);
        }
        catch (ContentProtectionException)
        {
            // Logged and alerted where it was found: it was not written here.
            return null;
        }
    }

    /// <summary>Writes down that a key was used, once in a while. Never a reason to refuse a request.</summary>
    private async Task NoteUseAsync(Owner owner, string id, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (_uses.TryGetValue(id, out var noted) && now - noted < UsePrecision)
        {
            return;
        }

        if (_uses.Count >= MaxUses)
        {
            _uses.Clear();
        }

        _uses[id] = now;
        try
        {
            using var patience = new CancellationTokenSource(UsePatience, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            await _store.NoteUseAsync(owner, id, now, either.Token);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogUseNotNoted(id, failure.GetType().FullName);
        }
    }

    [LoggerMessage(3114, LogLevel.Warning, "The last use of API key {Key} was not written down ({ExceptionType})")]
    private partial void LogUseNotNoted(string key, string? exceptionType);
}
