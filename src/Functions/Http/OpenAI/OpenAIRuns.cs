using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>What both protocols do with a run that is not streamed.</summary>
internal static class OpenAIRuns
{
    /// <summary>How long a request waits for a run that outlives it; proxies give up after 230 seconds.</summary>
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(InlineRuns.MaxDeadlineSeconds);

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
}
