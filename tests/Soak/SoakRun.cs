using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Yggdrasil.Soak;

/// <summary>What a soak came to.</summary>
/// <param name="Problems">What must not be; empty when all is well.</param>
internal sealed record SoakResult(IReadOnlyList<SeenRun> Runs, long TokensCounted, long TokensAnswered, IReadOnlyList<string> Problems);

/// <summary>
/// Many clients start runs, half of them with tools and half of them driven by their request, on models that fail in every way.
/// In the end every run is terminal, no lease and no reservation is held, and the use is what the models say they answered.
/// </summary>
internal static class SoakRun
{
    private const int Users = 5;
    private static readonly string[] Backup = ["backup:soak"];
    private static readonly string[] Calculator = ["calculator"];
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public static async Task<SoakResult> RunAsync(TimeSpan duration, int clients, TextWriter output)
    {
        await using var host = await SoakHost.StartAsync(new Dictionary<string, string>
        {
            ["Providers:openai:TimeoutSeconds"] = Seconds(SoakHost.ModelTimeout),
            ["Providers:backup:TimeoutSeconds"] = Seconds(SoakHost.ModelTimeout),
            ["Providers:openai:MaxConcurrency"] = "100",
            ["Providers:backup:MaxConcurrency"] = "100",
            ["Providers:openai:BreakerSeconds"] = "5",
            ["Providers:backup:BreakerSeconds"] = "5",
        });
        host.Primary.Choose = FaultyModel.Any;
        host.Backup.Choose = FaultyModel.Any;
        var users = Enumerable.Range(0, Users).Select(user => new SoakClient(host.Http, $"soak{user}")).ToList();
        foreach (var user in users)
        {
            await user.PutAgentAsync("plain", new { model = "openai:soak", fallbacks = Backup, maxOutputTokens = 200 });
            await user.PutAgentAsync(
                "calculating", new { model = "openai:soak", fallbacks = Backup, tools = Calculator, maxOutputTokens = 200 });
        }

        await output.WriteLineAsync($"{clients} clients for {duration.TotalSeconds:0} s …");
        var runs = new ConcurrentBag<SeenRun>();
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
        {
            for (var i = client; Stopwatch.GetElapsedTime(started) < duration; i++)
            {
                runs.Add(await users[client % Users].RunAsync(i % 2 == 0 ? "plain" : "calculating", wait: i % 4 < 2));
                await Task.Delay(Pause);
            }
        }));

        return await JudgeAsync(host, users, [.. runs], output);
    }

    /// <summary>More than a prompt of the soak, its tool included, and the longest answer to it take together.</summary>
    private const long TokensPerFailure = 500;

    private static async Task<SoakResult> JudgeAsync(SoakHost host, IReadOnlyList<SoakClient> users, IReadOnlyList<SeenRun> runs, TextWriter output)
    {
        var counted = 0L;
        foreach (var user in users)
        {
            counted += await user.TokensAsync();
        }

        var answered = host.Primary.Tokens + host.Backup.Tokens;
        var (stored, left) = await Leftovers.FindAsync(host.ConnectionString);
        List<string> problems = [.. left];
        problems.AddRange(runs.Where(run => run.Code == "no_end").Select(run => $"{run.Id} did not end."));
        problems.AddRange(runs.Where(run => run.Id is null).GroupBy(run => run.Code).Select(refused => $"{refused.Count()} starts were refused: {refused.Key}."));
        if (stored != runs.Count(run => run.Id is not null))
        {
            problems.Add($"{stored} runs are stored, {runs.Count} were seen.");
        }

        // A call that failed after it was sent is counted by estimate; its prompt and what came of it are short here.
        var failed = host.Primary.Faults.Concat(host.Backup.Faults).Where(fault => fault.Key is not (ModelFault.None or ModelFault.Slow)).Sum(fault => (long)fault.Value);
        if (counted < answered || counted > answered + (failed * TokensPerFailure))
        {
            problems.Add($"{counted} tokens were counted, {answered} were answered, {failed} calls failed.");
        }

        await WriteAsync(output, host, runs, counted, answered, problems);
        return new SoakResult(runs, counted, answered, problems);
    }

    private static async Task WriteAsync(
        TextWriter output, SoakHost host, IReadOnlyList<SeenRun> runs, long counted, long answered, IReadOnlyList<string> problems)
    {
        await output.WriteLineAsync($"{runs.Count} runs: {Percentiles.Of(runs)}");
        foreach (var end in runs.GroupBy(run => $"{run.Status} {run.Code}".Trim()).OrderByDescending(group => group.Count()))
        {
            await output.WriteLineAsync($"  {end.Count(),6} {end.Key}");
        }

        foreach (var fault in host.Primary.Faults.Concat(host.Backup.Faults).GroupBy(fault => fault.Key, fault => fault.Value).OrderBy(fault => fault.Key))
        {
            await output.WriteLineAsync($"  {fault.Sum(),6} calls met {fault.Key}");
        }

        await output.WriteLineAsync($"{counted} tokens counted, {answered} answered.");
        foreach (var problem in problems)
        {
            await output.WriteLineAsync($"PROBLEM: {problem}");
        }
    }

    private static string Seconds(TimeSpan time) => ((int)time.TotalSeconds).ToString(CultureInfo.InvariantCulture);
}
