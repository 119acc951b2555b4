using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.Events;

/// <summary>Runs that are started and read in one request, in every protocol.</summary>
internal static class StartedStream
{
    /// <summary>Starts a run, and opens its events before it is driven here, so that nothing of it is missed.</summary>
    /// <param name="scope">That of the caller.</param>
    /// <param name="start">Starts the run. What it is given is to be called before the run is driven.</param>
    /// <exception cref="TooManyEventReadersException">The caller reads as many streams as allowed; nothing was started.</exception>
    public static async Task<(RunEventReader Reader, Run Run)> OpenAsync(
        RunEvents events, Scope scope, Func<Func<Run, Task>, Task<StartedRun>> start, CancellationToken cancellationToken)
    {
        var slot = events.Enter(scope.Caller);
        RunEventReader? reader = null;
        try
        {
            var started = await start(async run => reader = await events.OpenAsync(scope, run.Id, after: null, slot, cancellationToken));

            // A repeat, or a run that others drive, was not begun here.
            reader ??= await events.OpenAsync(scope, started.Run.Id, after: null, slot, cancellationToken);
            return (reader!, started.Run);
        }
        catch
        {
            if (reader is not null)
            {
                await reader.DisposeAsync();
            }

            slot.Dispose();
            throw;
        }
    }
}
