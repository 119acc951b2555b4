using Yggdrasil.Foundation;

namespace Yggdrasil.Functions.Timers;

/// <summary>What every timer does with a failure: the host must not log it.</summary>
internal static class TimerGuard
{
    /// <param name="work">What the timer is for; it goes on at the next occurrence.</param>
    /// <param name="logFailed">Writes the error's id and the exception's type.</param>
    /// <param name="logDetails">Writes the exception, at Debug.</param>
    /// <exception cref="TimerFailedException">The work failed.</exception>
    public static async Task RunAsync(
        Func<CancellationToken, Task> work, Action<string, string?> logFailed, Action<Exception, string> logDetails, CancellationToken cancellationToken)
    {
        try
        {
            await work(cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // The host logs what a function throws, at Error and in full; a storage exception quotes keys and addresses.
            var errorId = Ids.NewError();
            logFailed(errorId, failure.GetType().FullName);
            logDetails(failure, errorId);
            throw new TimerFailedException(errorId);
        }
    }
}
