using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Events;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http;

/// <summary>Answers of a durable run's events.</summary>
internal static class EventAnswers
{
    /// <summary>The media type of server-sent events.</summary>
    public const string MediaType = "text/event-stream";

    /// <summary>An answer that ends with the run, with the host, or when its caller is disabled.</summary>
    /// <param name="reader">Disposed of with the request.</param>
    public static IResult Stream(
        HttpRequest request, RunEventReader reader, Scope scope, DisabledUsers disabled, IHostApplicationLifetime lifetime, TimeProvider time, ILogger logger)
    {
        // Whatever becomes of the answer, its reader goes when the request does.
        request.HttpContext.Response.RegisterForDisposeAsync(reader);
        var watch = new CallerWatch(disabled, scope.Caller.Owner, time, logger, lifetime.ApplicationStopping);
        request.HttpContext.Response.RegisterForDisposeAsync(watch);
        return new EventStreamResult(reader, new EventProjection(scope.ToQuery()), isWhole: false, time, logger, watch.Stop);
    }
}
