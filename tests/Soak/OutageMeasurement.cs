using System.Collections.Concurrent;
using System.Diagnostics;

namespace Yggdrasil.Soak;

/// <summary>What an outage did to those who ran agents meanwhile.</summary>
internal sealed record Outage(string Name, Percentiles Latency, IReadOnlyDictionary<string, int> Ends);

/// <param name="Problems">What must not be; empty when all is well.</param>
internal sealed record OutageResult(IReadOnlyList<Outage> Outages, IReadOnlyList<string> Problems);

/// <summary>
/// How long runs take with everything up, with the primary model down in two ways, and with both down. All provider settings are
/// their defaults. With the primary down everybody is to get an answer, and the 95th percentile rises by less than one breaker
/// window; with both down everybody gets a failure that has a name, within a call's timeout for each model.
/// </summary>
internal static class OutageMeasurement
{
    private static readonly string[] Backup = ["backup:soak"];
    private static readonly TimeSpan BreakerWindow = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public static async Task<OutageResult> RunAsync(TimeSpan duration, int clients, TextWriter output)
    {
        List<Outage> outages =
        [
            await MeasureAsync("all up", ModelFault.None, ModelFault.None),
            await MeasureAsync("primary refuses", ModelFault.ResetBeforeAnswer, ModelFault.None),
            await MeasureAsync("primary stalls", ModelFault.Stall, ModelFault.None),
            await MeasureAsync("both refuse", ModelFault.ServerError, ModelFault.ResetBeforeAnswer),
            await MeasureAsync("both stall", ModelFault.Stall, ModelFault.Stall),
        ];
        var problems = Judge(outages).ToList();
        foreach (var problem in problems)
        {
            await output.WriteLineAsync($"PROBLEM: {problem}");
        }

        return new OutageResult(outages, problems);

        async Task<Outage> MeasureAsync(string name, ModelFault primary, ModelFault backup)
        {
            var outage = await DuringAsync(name, primary, backup, duration, clients);
            await output.WriteLineAsync(
                $"{name}: {outage.Latency}; {string.Join(", ", outage.Ends.OrderByDescending(end => end.Value).Select(end => $"{end.Value} {end.Key}"))}");
            return outage;
        }
    }

    private static async Task<Outage> DuringAsync(string name, ModelFault primary, ModelFault backup, TimeSpan duration, int clients)
    {
        await using var host = await SoakHost.StartAsync();
        var client = new SoakClient(host.Http, "outage");
        await client.PutAgentAsync("warm", new { model = "backup:soak" });
        await client.PutAgentAsync("agent", new { model = "openai:soak", fallbacks = Backup });
        await client.RunAsync("warm", wait: true);
        (host.Primary.Choose, host.Backup.Choose) = (_ => primary, _ => backup);
        var runs = new ConcurrentBag<SeenRun>();
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            while (Stopwatch.GetElapsedTime(started) < duration)
            {
                runs.Add(await client.RunAsync("agent", wait: true));
                await Task.Delay(Pause);
            }
        }));

        var ends = runs.GroupBy(run => $"{run.Status} {run.Code}".Trim()).ToDictionary(group => group.Key, group => group.Count());
        return new Outage(name, Percentiles.Of([.. runs]), ends);
    }

    private static IEnumerable<string> Judge(List<Outage> outages)
    {
        var usual = outages[0].Latency.P95;
        foreach (var outage in outages.Take(3))
        {
            if (outage.Latency.P95 - usual >= BreakerWindow)
            {
                yield return $"{outage.Name}: the 95th percentile rose by {outage.Latency.P95 - usual}.";
            }

            if (outage.Ends.Keys.Any(end => end != "completed"))
            {
                yield return $"{outage.Name}: not everybody got an answer.";
            }
        }

        foreach (var outage in outages.Skip(3))
        {
            if (outage.Ends.Keys.Any(end => end is not ("failed provider_unavailable" or "failed provider_timeout")))
            {
                yield return $"{outage.Name}: a run ended without a failure that has the name of its cause.";
            }

            // One timeout for each model, and what a busy machine adds.
            if (outage.Latency.Max > (CallTimeout * 2) + TimeSpan.FromSeconds(15))
            {
                yield return $"{outage.Name}: a caller waited {outage.Latency.Max}.";
            }
        }
    }
}
