using Polly;
using Polly.Retry;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Storage;

/// <summary>Repeats a change whose rows others have changed since they were read.</summary>
/// <remarks>
/// An attempt reads, decides and writes under the version that it read. One that fails means that somebody else's succeeded. The first
/// repetition comes at once; before the others there is a pause of random length, so that writers do not meet again and again.
/// </remarks>
internal sealed class Contention(TimeProvider time)
{
    /// <summary>So many attempts fail only where far more writers meet than one user has.</summary>
    public const int MaxAttempts = 60;

    private const int LongestPauseMs = 250;

    private readonly ResiliencePipeline _attempts = new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<ContendedException>(),
            MaxRetryAttempts = MaxAttempts - 1,
            DelayGenerator = retry => new(PauseAfter(retry.AttemptNumber)),
        })
        .Build();

    /// <param name="what">What is changed, as the beginning of a sentence: "The agent".</param>
    /// <param name="attempt">Throws a <see cref="ContendedException"/> where others were faster.</param>
    /// <exception cref="ConflictException">All attempts were lost.</exception>
    public async Task<T> RetryAsync<T>(string what, Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        try
        {
            return await ExecuteAsync(attempt, cancellationToken);
        }
        catch (ContendedException)
        {
            throw new ConflictException($"{what} is being changed by others; try again.");
        }
    }

    /// <summary>The same for changes of which the caller knows nothing, or which no caller asks for.</summary>
    /// <exception cref="StorageNotAnsweringException">All attempts were lost.</exception>
    public async Task<T> RetryAsync<T>(Func<Task<T>> attempt, CancellationToken cancellationToken)
    {
        try
        {
            return await ExecuteAsync(attempt, cancellationToken);
        }
        catch (ContendedException lost)
        {
            throw ToOutage(lost);
        }
    }

    /// <summary>What is said where no attempt is left.</summary>
    public static StorageNotAnsweringException ToOutage(ContendedException lost) => new(
        "Too many requests change what this user has at the same time; nothing was changed. Try again.", TimeSpan.FromSeconds(1), lost);

    private async Task<T> ExecuteAsync<T>(Func<Task<T>> attempt, CancellationToken cancellationToken) => await _attempts.ExecuteAsync(
        static async (attempt, _) => await attempt(), attempt, cancellationToken);

    /// <param name="repetition">From 0 on.</param>
    private static TimeSpan? PauseAfter(int repetition) => repetition == 0
        ? TimeSpan.Zero
        : TimeSpan.FromMilliseconds(Random.Shared.Next(1, Math.Min(5 * (repetition + 1), LongestPauseMs) + 1));
}

/// <summary>An attempt was lost: others have changed its rows since they were read.</summary>
/// <param name="cause">What storage answered; null where that is known from elsewhere.</param>
internal sealed class ContendedException(Exception? cause = null) : Exception("Others have changed the rows.", cause);
