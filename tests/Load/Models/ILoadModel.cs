using Yggdrasil.Load.Measuring;

namespace Yggdrasil.Load.Models;

/// <summary>Decides when runs are started.</summary>
internal interface ILoadModel
{
    /// <summary>Starts runs for the given time and returns when all have ended and are recorded.</summary>
    /// <param name="play">One run of the user of that number.</param>
    /// <param name="length">Warm-up and measurement.</param>
    /// <param name="stop">Ends the starting of runs early; those under way are waited for.</param>
    Task DriveAsync(Func<int, Task<RunOutcome>> play, Recorder recorder, LoadClock clock, TimeSpan length, CancellationToken stop);
}
