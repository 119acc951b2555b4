namespace Yggdrasil.Models.Clients;

/// <summary>For whom model calls are made, from here on down: what a provider's slots and breakers share out.</summary>
/// <param name="Owner">The owner's partition.</param>
internal sealed record ModelCaller(string Owner)
{
    private static readonly AsyncLocal<ModelCaller?> Ambient = new();

    public static ModelCaller? Current => Ambient.Value;

    /// <summary>Whether an activity of the host is held meanwhile, which must not wait for long.</summary>
    public bool IsActivity { get; init; }

    /// <summary>How long such a caller waits for a provider's slot.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Names the orchestration that comes back; null where nobody does.</summary>
    public string? Key { get; init; }

    /// <summary>Wakes that orchestration.</summary>
    public Func<CancellationToken, Task>? Call { get; init; }

    /// <summary>Has everything that <paramref name="work"/> asks of models count as the caller's.</summary>
    public static async Task<T> AsAsync<T>(ModelCaller caller, Func<Task<T>> work)
    {
        // It ends with this method: what an asynchronous method sets is not seen by who called it.
        Ambient.Value = caller;
        return await work();
    }
}
