using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Yggdrasil.Contract.Tests;

/// <summary>Runs the commands of docs/guide.md as they are written there, section by section.</summary>
public sealed partial class GuideTests : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-guide-").FullName;
    private LocalHostProcess _host = null!;

    public async Task InitializeAsync() => _host = await LocalHostProcess.StartAsync(_data, new Dictionary<string, string>());

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }

    [Fact]
    public async Task Conversations()
    {
        var answers = await RunSectionAsync("Conversations");

        Assert.Equal(10, answers.Count);
        var (first, second) = (Json(answers[0]), Json(answers[1]));
        Assert.Contains("391", first.Text("output"), StringComparison.Ordinal);
        Assert.Contains("23", second.Text("output"), StringComparison.Ordinal);
        Assert.Equal("user", Json(answers[2]).GetProperty("items")[0].Text("role"));
        Assert.Equal("c-42", Json(answers[3]).GetProperty("items")[0].Text("id"));
        Assert.Equal(2, Json(answers[4]).GetProperty("runs").GetInt32());
        Assert.Equal(2, Json(answers[5]).GetProperty("items").GetArrayLength());
        Assert.Equal(("completed", "completed"), (Json(answers[6]).Text("status"), Json(answers[7]).Text("status")));
        Assert.Equal("summarize", Json(answers[8]).GetProperty("context").Text("strategy"));
        Assert.Equal("", answers[9]);
    }

    [Fact]
    public async Task Your_data()
    {
        await RunSectionAsync("Conversations", commands: 1);

        var answers = await RunSectionAsync("Your data");

        var lines = answers[0].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Json).ToList();
        Assert.Equal(lines.Count - 1, lines[^1].GetProperty("items").GetInt32());
        Assert.Equal(
            ["conversation", "message", "run", "usage", "end"], lines.Select(line => line.Text("type")).Distinct());
        Assert.Equal("", answers[1]);
        using var list = await _host.Http.SendJsonAsync(HttpMethod.Get, "/api/runs", "", ("Authorization", "Bearer dev:local"));
        Assert.Empty((await list.ReadAsync()).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Callbacks()
    {
        var answers = await RunSectionAsync("Callbacks");

        Assert.StartsWith("whsec_", Json(answers[0]).Text("secret"), StringComparison.Ordinal);
        Assert.Equal("waiting", Json(answers[1]).GetProperty("callback").Text("status"));
        Assert.Equal(2, Json(answers[2]).EnumerateObject().Count());
    }

    [Fact]
    public async Task Schedules()
    {
        var answers = await RunSectionAsync("Schedules");

        Assert.Equal("Europe/Oslo", Json(answers[0]).Text("timeZone"));
        Assert.True(Json(answers[0]).TryGetProperty("nextRunAt", out _));
        Assert.Equal("morning", Json(answers[1]).Text("id"));
        Assert.Single(Json(answers[2]).GetProperty("items").EnumerateArray());
        Assert.Equal("", answers[3]);
    }

    private static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);

    /// <summary>What each command of a section answers; one that fails ends the test.</summary>
    private async Task<List<string>> RunSectionAsync(string heading, int commands = int.MaxValue)
    {
        List<string> answers = [];
        foreach (var command in Commands(heading).Take(commands))
        {
            answers.Add(await RunAsync(command));
        }

        return answers;
    }

    private async Task<string> RunAsync(string command)
    {
        // A reader has no credentials and LocalHost's own port.
        var script = command.Replace("http://localhost:7071", _host.Http.BaseAddress!.ToString().TrimEnd('/'), StringComparison.Ordinal);
        var start = new ProcessStartInfo("bash", ["-c", $"curl() {{ command curl --fail-with-body \"$@\"; }}\n{script}"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var answer = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{command}\n{answer}");
        return answer;
    }

    private static IEnumerable<string> Commands(string heading)
    {
        var guide = File.ReadAllText(Path.Combine(Root(), "docs", "guide.md"));
        var section = guide.Split("\n## ").Single(text => text.StartsWith($"{heading}\n", StringComparison.Ordinal));
        return Blocks().Matches(section).SelectMany(block => Starts().Split(block.Groups[1].Value).Where(command => command.Length > 0));
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests do not run within a checkout.");
        }

        return folder.FullName;
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("^(?=curl )", RegexOptions.Multiline)]
    private static partial Regex Starts();
}
