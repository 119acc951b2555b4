using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Events;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.Events;

/// <summary>Answers of runs' events, in whatever protocol.</summary>
internal static class EventAnswers
{
    /// <summary>The media type of server-sent events.</summary>
    public const string MediaType = "text/event-stream";

    /// <summary>Answers a run's events until its reader is disabled, or what else ends the stream comes about.</summary>
    /// <param name="reader">Disposed of with the request, whatever becomes of the answer.</param>
    /// <param name="caller">Who reads.</param>
    /// <param name="isWhole">Whether the run is told to its end: nobody can come back to it.</param>
    /// <param name="stopping">Ends the stream too.</param>
    public static IResult Stream(
        HttpRequest request, RunEventReader reader, IRunProjection projection, bool isWhole, Caller caller, DisabledUsers disabled, TimeProvider time,
        ILogger logger, CancellationToken stopping)
    {
        request.HttpContext.Response.RegisterForDisposeAsync(reader);
        var watch = new CallerWatch(disabled, caller, time, logger, stopping);
        request.HttpContext.Response.RegisterForDisposeAsync(watch);
        return new EventStreamResult(reader, projection, isWhole, time, logger, watch.Stop);
    }
}
