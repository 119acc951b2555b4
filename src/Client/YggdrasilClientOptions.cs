namespace Yggdrasil.Client;

/// <summary>How a <see cref="YggdrasilClient"/> reaches its server.</summary>
public sealed class YggdrasilClientOptions
{
    /// <summary>Where the server is, for example <c>https://agents.example.com</c>; a path is kept. Unused where an <see cref="HttpClient"/> has it.</summary>
    public Uri? Address { get; set; }

    /// <summary>An API key (<c>ygk_…</c>), or any other bearer token that does not change. Used where <see cref="GetTokenAsync"/> is null.</summary>
    public string? ApiKey { get; set; }

    /// <summary>
    /// Gets an access token, before every attempt: of a <c>TokenCredential</c>, which keeps its tokens itself,
    /// <c>async cancel => (await credential.GetTokenAsync(new(scopes), cancel)).Token</c>.
    /// </summary>
    public Func<CancellationToken, ValueTask<string>>? GetTokenAsync { get; set; }

    /// <summary>
    /// How often a request that failed on its way, or that the server answered 408, 429, 502, 503 or 504, is sent again: with growing pauses from half a second to
    /// ten, or after the <c>Retry-After</c> of the answer. For streams of events it counts anew with every event. 8 by default, some 45 seconds; 0 for none.
    /// </summary>
    public int MaxRetryAttempts { get; set; } = 8;

    /// <summary>The longest <c>Retry-After</c> that is waited for; an answer that asks for more is thrown at once. 30 seconds by default.</summary>
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Measures the pauses.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
