using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Users;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>What both protocols do with a run: read it to its end, or stream it.</summary>
internal static class OpenAIRuns
{
    /// <summary>How long a request waits for a run that outlives it; proxies give up after 230 seconds.</summary>
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(InlineRuns.MaxDeadlineSeconds);

    /// <summary>Answers a run's events, and stops where the run's reader has been disabled.</summary>
    public static EventStreamResult Stream(
        HttpRequest request, RunEventReader reader, IRunProjection projection, bool isWhole, DisabledUsers disabled, TimeProvider time, ILogger logger,
        CancellationToken stopping)
    {
        request.HttpContext.Response.RegisterForDisposeAsync(reader);
        var watch = new CallerWatch(disabled, request.Caller().Owner, time, logger, stopping);
        request.HttpContext.Response.RegisterForDisposeAsync(watch);
        return new EventStreamResult(reader, projection, isWhole, time, logger, watch.Stop);
    }

    /// <summary>The run at its end, with its own steps.</summary>
    public static async Task<(Run Run, IReadOnlyList<JournalEntry> Steps)> ReadToEndAsync(RunEventReader reader, CancellationToken aborted)
    {
        List<JournalEntry> steps = [];
        await using (reader)
        {
            while (true)
            {
                while (reader.Next() is { } next)
                {
                    if (next.Entry is { Inherited: false } step)
                    {
                        steps.Add(step);
                    }

                    if (next.Type == RunEventType.RunEnded)
                    {
                        return (next.Run!, steps);
                    }
                }

                await reader.WaitAsync(Timeout.InfiniteTimeSpan, aborted);
            }
        }
    }

    public static Scope OwnScope(HttpRequest request) => AccessPolicy.ScopeOf(request.Caller(), userId: null);
}
