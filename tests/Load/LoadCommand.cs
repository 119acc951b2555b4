using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Yggdrasil.Load.Reporting;
using Yggdrasil.Load.Scenarios;

namespace Yggdrasil.Load;

/// <summary>The command line.</summary>
internal sealed class LoadCommand
{
    public const int Ok = 0;
    public const int CannotRun = 1;
    public const int ThresholdMissed = 2;

    /// <summary>A token in an environment variable is in no process list and no shell history.</summary>
    public const string TokenVariable = "LOAD_TOKEN";

    private readonly Option<Uri> _url = new("--url")
    {
        Description = "The host under test.",
        DefaultValueFactory = _ => new Uri("http://localhost:7071"),
        CustomParser = Address,
    };

    private readonly Option<string> _agent = new("--agent") { Description = "The agent that runs.", DefaultValueFactory = _ => "assistant" };

    private readonly Option<string[]> _tokens = new("--token")
    {
        Description = $"Bearer token, several for several users; {VirtualUsers.NumberInToken} in it becomes the user's number (dev:load-{VirtualUsers.NumberInToken}). "
            + $"Without it, that of the variable {TokenVariable}, or none.",
        DefaultValueFactory = _ => [],
    };

    private readonly Option<string> _mix = new("--mix")
    {
        Description = "Scenarios and their shares of runs.",
        DefaultValueFactory = _ => ScenarioMix.Default,
        CustomParser = Mix,
    };

    private readonly Option<int> _users = Whole("--users", "Concurrent users (closed model); the most runs in flight (open model).", 10, 1, 10_000);
    private readonly Option<double?> _rate = Bound("--rate", "Runs per second: the open model. Without it, the closed one.", 0.01, 100_000);
    private readonly Option<bool> _constant = new("--constant") { Description = "Open model: equal gaps between arrivals instead of random ones." };
    private readonly Option<double> _duration = Seconds("--duration", "Seconds measured.", 60, 1, 86_400);
    private readonly Option<double> _warmUp = Seconds("--warm-up", "Seconds before that, not measured; closed model: users join during the first half of it.", 10, 0, 86_400);
    private readonly Option<double> _think = Seconds("--think", "Seconds a user pauses after an answer (closed model).", 0, 0, 3600);
    private readonly Option<double> _timeout = Seconds("--timeout", "Seconds until a run counts as failed.", 120, 1, 3600);
    private readonly Option<double> _drain = Seconds("--drain", "Seconds after the end in which runs that were due may still be sent (open model).", 15, 0, 3600);
    private readonly Option<int> _turns = Whole("--turns", "Turns of a conversation.", 20, 1, 1000);
    private readonly Option<int> _seed = Whole("--seed", "Seed of the scenarios and prompts.", 1, 0, int.MaxValue);
    private readonly Option<double?> _maxP95 = Bound("--max-p95", "Threshold: milliseconds.", 0, double.MaxValue);
    private readonly Option<double?> _maxP99 = Bound("--max-p99", "Threshold: milliseconds.", 0, double.MaxValue);
    private readonly Option<double?> _maxErrors = Bound("--max-errors", "Threshold: failed runs in percent.", 0, 100);
    private readonly Option<double?> _minThroughput = Bound("--min-throughput", "Threshold: completed runs per second.", 0, double.MaxValue);
    private readonly Option<string> _output = new("--output")
    {
        Description = "Folder for report.html and report.json.",
        DefaultValueFactory = _ => Path.Combine("artifacts", "load"),
    };

    public static Task<int> InvokeAsync(string[] args, TextWriter? output = null, TextWriter? error = null)
    {
        var configuration = new InvocationConfiguration { Output = output ?? Console.Out, Error = error ?? Console.Error, ProcessTerminationTimeout = TimeSpan.FromMinutes(5) };
        return new LoadCommand().Command(configuration).Parse(args).InvokeAsync(configuration);
    }

    private RootCommand Command(InvocationConfiguration configuration)
    {
        var command = new RootCommand(
            $"""
            Puts load on a Yggdrasil Functions host and reports throughput, latency, errors, tokens and cost.

            Ctrl+C stops early; the report is of what was measured. Exit code: {Ok} all thresholds held, {CannotRun} it could not run, {ThresholdMissed} a threshold was missed.
            """)
        {
            _url, _agent, _tokens, _mix, _users, _rate, _constant, _duration, _warmUp, _think, _timeout, _drain, _turns, _seed,
            _maxP95, _maxP99, _maxErrors, _minThroughput, _output,
        };
        command.SetAction((result, stop) => RunAsync(Plan(result), result.GetRequiredValue(_output), configuration, stop));
        return command;
    }

    private static async Task<int> RunAsync(LoadPlan plan, string folder, InvocationConfiguration console, CancellationToken stop)
    {
        var interactive = console.Output == Console.Out && !Console.IsOutputRedirected;
        LoadReport report;
        try
        {
            report = await new LoadRun(plan, console.Output, interactive, TimeProvider.System).RunAsync(stop);
        }
        catch (LoadException cannotRun)
        {
            await console.Error.WriteLineAsync(cannotRun.Message);
            return CannotRun;
        }

        Directory.CreateDirectory(folder);
        var (html, json) = (Path.Combine(folder, "report.html"), Path.Combine(folder, "report.json"));
        await File.WriteAllTextAsync(json, JsonSerializer.Serialize(report, LoadJson.Indented), CancellationToken.None);
        await File.WriteAllTextAsync(html, HtmlReport.Of(report), CancellationToken.None);
        await console.Output.WriteAsync(TextReport.Of(report));
        await console.Output.WriteLineAsync($"{html}\n{json}");
        return report.Passed ? Ok : ThresholdMissed;
    }

    private LoadPlan Plan(ParseResult result) => new(
        result.GetRequiredValue(_url),
        result.GetRequiredValue(_agent),
        result.GetRequiredValue(_mix),
        result.GetRequiredValue(_users),
        result.GetValue(_rate),
        result.GetValue(_constant),
        TimeSpan.FromSeconds(result.GetRequiredValue(_warmUp)),
        TimeSpan.FromSeconds(result.GetRequiredValue(_duration)),
        TimeSpan.FromSeconds(result.GetRequiredValue(_think)),
        TimeSpan.FromSeconds(result.GetRequiredValue(_timeout)),
        TimeSpan.FromSeconds(result.GetRequiredValue(_drain)),
        result.GetRequiredValue(_turns),
        result.GetRequiredValue(_seed),
        new Thresholds(result.GetValue(_maxP95), result.GetValue(_maxP99), result.GetValue(_maxErrors), result.GetValue(_minThroughput)),
        result.GetRequiredValue(_tokens) is { Length: > 0 } tokens ? tokens
        : Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token ? [token]
        : []);

    private static Option<int> Whole(string name, string description, int value, int least, int most) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result => Number(result, name, least, most),
    };

    private static Option<double> Seconds(string name, string description, double value, double least, double most) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => value,
        CustomParser = result => Number(result, name, least, most),
    };

    private static Option<double?> Bound(string name, string description, double least, double most) => new(name)
    {
        Description = description,
        CustomParser = result => Number(result, name, least, most),
    };

    private static T Number<T>(ArgumentResult result, string name, T least, T most)
        where T : struct, INumber<T>
    {
        if (T.TryParse(result.Tokens.Single().Value, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
        {
            return number;
        }

        var kind = typeof(T) == typeof(int) ? "a whole number" : "a number";
        result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} must be {kind} from {least:G} to {most:G}."));
        return default;
    }

    private static string? Mix(ArgumentResult result)
    {
        var text = result.Tokens.Single().Value;
        try
        {
            ScenarioMix.Parse(text);
            return text;
        }
        catch (FormatException wrong)
        {
            result.AddError($"--mix: {wrong.Message}");
            return null;
        }
    }

    private static Uri? Address(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens.Single().Value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
        {
            return address;
        }

        result.AddError("--url must be an http or https address.");
        return null;
    }
}
