using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>Waits for a run and tells of each step of it that is recorded, without what was said in it.</summary>
internal sealed class RunProgressReader(RunService runs, RunEvents events, TimeProvider time)
{
    /// <param name="tell">Given the number of the step and a word about it.</param>
    /// <returns>The run at its end, or as it is after <paramref name="patience"/>.</returns>
    public async Task<Run> WaitAsync(Scope scope, Run run, TimeSpan patience, Func<int, string, Task> tell, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        try
        {
            await using var reader = await events.OpenAsync(scope, run.Id, after: null, cancellationToken);
            if (reader is not null && await ReadAsync(reader, started, patience, tell, cancellationToken) is { } ended)
            {
                return ended;
            }
        }
        catch (TooManyEventReadersException)
        {
            // Progress is a courtesy: the answer comes without it.
        }

        var left = patience - time.GetElapsedTime(started);
        return await runs.WaitAsync(
            await runs.GetAsync(scope, run.Id, cancellationToken), left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken);
    }

    private async Task<Run?> ReadAsync(
        RunEventReader reader, long started, TimeSpan patience, Func<int, string, Task> tell, CancellationToken cancellationToken)
    {
        var steps = 0;
        while (true)
        {
            while (reader.Next() is { } next)
            {
                if (next.Type == RunEventType.RunEnded)
                {
                    return next.Run;
                }

                if (Describe(next) is { } what)
                {
                    await tell(++steps, what);
                }
            }

            var left = patience - time.GetElapsedTime(started);
            if (reader.HasEnded || left <= TimeSpan.Zero)
            {
                return null;
            }

            await reader.WaitAsync(left, cancellationToken);
        }
    }

    private static string? Describe(RunEvent what) => what.Type switch
    {
        RunEventType.ModelCompleted => FormattableString.Invariant($"Turn {what.Turn} is done."),
        RunEventType.ToolCompleted => $"{what.Tool} was called.",
        RunEventType.ApprovalRequired => $"The call of {what.Approval?.Tool} waits for approval.",
        RunEventType.ApprovalDecided => "A call was decided about.",
        _ => null,
    };
}
