using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Yggdrasil.Contract.Tests.McpServer;
using Yggdrasil.Contract.Tests.McpServers;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Runs the commands of docs/guide.md as they are written there, section by section.</summary>
public sealed partial class GuideTests(GuideHost shared) : IClassFixture<GuideHost>, IAsyncLifetime
{
    private GuideHost? _own;

    private LocalHostProcess Host => (_own ?? shared).Process;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _own?.DisposeAsync() ?? Task.CompletedTask;

    [Fact]
    public void Every_section_with_commands_is_run_here()
    {
        var sections = Guide().Split("\n## ").Skip(1).Where(section => section.Contains("```sh\n", StringComparison.Ordinal))
            .Select(section => section.Split('\n')[0].Replace(",", "", StringComparison.Ordinal).Replace(' ', '_').Replace('-', '_'));

        Assert.Empty(sections.Except(typeof(GuideTests).GetMethods().Select(method => method.Name)));
    }

    [Fact]
    public async Task The_console()
    {
        var me = Json(Assert.Single(await RunSectionAsync("The console")));

        Assert.Equal(("local", "dev", 0), (me.Text("user"), me.Text("tenant"), me.GetProperty("roles").GetArrayLength()));
    }

    [Fact]
    public async Task Agents()
    {
        var answers = await RunSectionAsync("Agents");

        Assert.Equal(4, answers.Count);
        Assert.Equal(("helper", 10), (Json(answers[0]).Text("id"), Json(answers[0]).GetProperty("maxTurns").GetInt32()));
        Assert.Equal("Be brief.", Json(answers[1]).Text("instructions"));
        Assert.Contains("helper", Json(answers[2]).GetProperty("items").EnumerateArray().Select(agent => agent.Text("id")));
        using var list = await Host.Http.SendJsonAsync(HttpMethod.Get, "/api/agents", "", ("Authorization", "Bearer dev:bob"));
        Assert.Contains((await list.ReadAsync()).GetProperty("items").EnumerateArray(), agent => agent.Text("id").EndsWith("~helper", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tools_of_your_own() => Assert.Contains(
        "calculator", Json(Assert.Single(await RunSectionAsync("Tools of your own"))).GetProperty("items").EnumerateArray().Select(tool => tool.Text("name")));

    /// <remarks>Builds the app.</remarks>
    [Fact]
    public async Task An_agent_in_code()
    {
        var answers = await PasteSectionAsync("An agent in code", "StockTools.cs");

        Assert.Contains("\"configuredBy\":\"code\"", answers, StringComparison.Ordinal);
        Assert.Contains("There are 6 of A-1042.", answers, StringComparison.Ordinal);
    }

    /// <remarks>Builds the app: its files are beside what is deployed.</remarks>
    [Fact]
    public async Task Agents_in_files()
    {
        var folder = Directory.CreateTempSubdirectory("yggdrasil-guide-").FullName;
        try
        {
            var files = new Dictionary<string, string>
            {
                ["agents/support.agent.md"] = Assert.Single(DocumentBlocks.Of("docs/guide.md", "Agents in files", "markdown")),
                ["skills/refunds/SKILL.md"] = Assert.Single(DocumentBlocks.Of("docs/guide.md", "Skills", "markdown")),
            };
            var answers = await PastedApp.RunAsync(folder, files, Assert.Single(DocumentBlocks.Of("docs/guide.md", "Agents in files", "sh")));

            Assert.Contains("\"configuredBy\":\"file\"", answers, StringComparison.Ordinal);
            Assert.Contains("say that a colleague will write", answers, StringComparison.Ordinal);
            Assert.All(files.Keys, file => Assert.Single(Directory.GetFiles(
                Path.Combine(folder, "src", "Functions", "bin"), Path.GetFileName(file), SearchOption.AllDirectories)));
        }
        finally
        {
            await TestFolder.DeleteAsync(folder);
        }
    }

    /// <remarks>Builds the app.</remarks>
    [Fact]
    public async Task Models_and_middleware_of_your_own()
    {
        var answers = await PasteSectionAsync("Models and middleware of your own", "OwnModels.cs");

        Assert.Contains("echo heard: Hello", answers, StringComparison.Ordinal);
        Assert.Contains("\"corp:echo\"", answers, StringComparison.Ordinal);
    }

    /// <summary>Adds a section's code to a copy of the app and runs its commands against it.</summary>
    private static async Task<string> PasteSectionAsync(string section, string file)
    {
        var folder = Directory.CreateTempSubdirectory("yggdrasil-guide-").FullName;
        try
        {
            var code = DocumentBlocks.Of("docs/guide.md", section, "csharp");
            return await PastedApp.RunAsync(folder, file, code[0], code[1], Assert.Single(DocumentBlocks.Of("docs/guide.md", section, "sh")));
        }
        finally
        {
            await TestFolder.DeleteAsync(folder);
        }
    }

    [Fact]
    public async Task Connect_an_MCP_server()
    {
        await using var everything = await EverythingServer.StartAsync();
        _own = new GuideHost
        {
            Settings = new()
            {
                ["Mcp__Servers__0__Name"] = "everything", ["Mcp__Servers__0__Url"] = everything.Address, ["Mcp__Servers__0__Approvals"] = "Never",
            },
        };
        await _own.InitializeAsync();

        var answers = await RunSectionAsync("Connect an MCP server");

        Assert.Equal(5, answers.Count);
        Assert.Contains("echo", Json(answers[0]).GetProperty("items").EnumerateArray().Select(tool => tool.Text("name")));
        Assert.Equal(("mcp:everything/echo", "approved"), (Json(answers[1]).Text("listed"), Json(answers[1]).Text("status")));
        var run = Json(answers[3]);
        Assert.Equal("completed", run.Text("status"));
        Assert.Contains("hello", run.Text("output"), StringComparison.Ordinal);
        Assert.Equal(1, Json(answers[4]).GetProperty("tools").GetProperty("approved").GetInt32());
    }

    [Fact]
    public async Task Reading_runs()
    {
        using var started = await Host.Http.PostRunAsync("assistant", new { input = "What is 2+2?" }, ("Authorization", "Bearer dev:local"));

        var answers = await RunSectionAsync("Reading runs");

        Assert.Equal(
            ["createdAt", "id", "input", "status"], Json(answers[0]).GetProperty("items")[0].EnumerateObject().Select(field => field.Name).Order());
        Assert.Empty(Json(answers[1]).GetProperty("items").EnumerateArray());
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
    public async Task Inline_runs()
    {
        var answers = await RunSectionAsync("Inline runs");

        var run = Json(answers[0]);
        Assert.Contains("391", run.Text("output"), StringComparison.Ordinal);
        Assert.Contains("event: run.completed\n", answers[1], StringComparison.Ordinal);
        Assert.False(run.TryGetProperty("links", out _));
    }

    [Fact]
    public async Task OpenAI_clients()
    {
        var completion = Json(Assert.Single(await RunSectionAsync("OpenAI clients")));

        Assert.Contains("391", completion.GetProperty("choices")[0].GetProperty("message").Text("content"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AI_SDK_and_React()
    {
        var chunks = Assert.Single(await RunSectionAsync("AI SDK and React"));

        Assert.Contains("391", chunks, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", chunks, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AG_UI_and_CopilotKit()
    {
        var events = Assert.Single(await RunSectionAsync("AG-UI and CopilotKit"));

        Assert.Contains("391", events, StringComparison.Ordinal);
        Assert.Contains("\"type\":\"RUN_FINISHED\"", events, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Use_an_agent_from_Claude_Code_VS_Code_and_Inspector()
    {
        var answers = await RunSectionAsync("Use an agent from Claude Code, VS Code and Inspector");

        var (listed, called) = (McpMessages.Messages(answers[0])[^1], McpMessages.Messages(answers[1])[^1]);
        Assert.Contains(listed.GetProperty("result").GetProperty("tools").EnumerateArray(), tool => tool.Text("name") == "assistant");
        Assert.Contains("391", called.Said(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Structured_output()
    {
        var answers = await RunSectionAsync("Structured output");

        Assert.Equal("sums", Json(answers[0]).Text("id"));
        Assert.Equal(391, Json(answers[1]).GetProperty("structuredOutput").GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Forks()
    {
        var fork = Json(Assert.Single(await RunSectionAsync("Forks")));

        Assert.Contains("23", fork.Text("output"), StringComparison.Ordinal);
        Assert.Equal(2, fork.GetProperty("forkedFrom").GetProperty("fromTurn").GetInt32());
    }

    [Fact]
    public async Task Limits_and_usage()
    {
        await StartOwnHostAsync();
        var answers = await RunSectionAsync("Limits and usage");

        Assert.Equal(7, Json(answers[0]).GetProperty("days").GetArrayLength());
        Assert.Equal(60, Json(answers[1]).GetProperty("requestsPerMinute").GetInt32());
        Assert.Contains("RateLimit-Limit: 60", answers[2], StringComparison.OrdinalIgnoreCase);
        Assert.Contains("RateLimit-Remaining: ", answers[2], StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, Json(answers[3]).GetProperty("today").GetProperty("requests").GetInt32());
        Assert.Equal(200_000, Json(answers[3]).GetProperty("limits").GetProperty("tokensPerDay").GetInt32());
    }

    [Fact]
    public async Task Control_of_runs()
    {
        var answers = await RunSectionAsync("Control of runs");

        Assert.Equal(5, answers.Count);
        Assert.Equal("demo:slow", Json(answers[0]).Text("model"));
        var id = Json(answers[1]).Text("id");
        Assert.All(answers.Skip(1).Take(3), answer => Assert.Equal(id, Json(answer).Text("id")));
        Assert.Equal("", answers[4]);
        Assert.Equal("cancelled", (await RunUntilEndAsync(id)).Text("status"));
    }

    [Fact]
    public async Task Approvals()
    {
        var answers = await RunSectionAsync("Approvals");

        Assert.Equal(5, answers.Count);
        var (waiting, listed) = (Json(answers[1]), Json(answers[2]).GetProperty("items")[0]);
        Assert.Equal("waiting", waiting.Text("status"));
        Assert.Equal((waiting.Text("id"), "local", "t1c0"), (listed.Text("runId"), listed.Text("owner"), listed.Text("callId")));
        Assert.Equal("", answers[3]);
        Assert.NotEmpty(Json(answers[4]).GetProperty("items").EnumerateArray());
        var ended = await RunUntilEndAsync(waiting.Text("id"));
        Assert.Equal("completed", ended.Text("status"));
        Assert.Contains("408", ended.Text("output"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events()
    {
        var answers = await RunSectionAsync("Events");

        Assert.Equal(3, answers.Count);
        Assert.Contains("event: run.started\n", answers[0], StringComparison.Ordinal);
        Assert.Contains("event: model.completed\n", answers[0], StringComparison.Ordinal);
        Assert.Contains("event: run.completed\n", answers[0], StringComparison.Ordinal);
        Assert.Contains("event: model.delta\n", answers[1], StringComparison.Ordinal);
        Assert.Contains("event: run.completed\n", answers[1], StringComparison.Ordinal);
        Assert.StartsWith("ygt_", Json(answers[2]).Text("ticket"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_and_errors()
    {
        var answers = await RunSectionAsync("Health and errors");

        Assert.Equal(5, answers.Count);
        Assert.Equal("healthy", Json(answers[0]).Text("status"));
        Assert.True(Json(answers[1]).TryGetProperty("checks", out _));
        Assert.True(Json(answers[2]).TryGetProperty("items", out _));
        Assert.True(Json(answers[3]).TryGetProperty("items", out _));
        Assert.StartsWith("3.1", Json(answers[4]).Text("openapi"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Your_data()
    {
        await StartOwnHostAsync();
        await RunSectionAsync("Conversations", commands: 1);

        var answers = await RunSectionAsync("Your data");

        var lines = answers[0].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Json).ToList();
        Assert.Equal(lines.Count - 1, lines[^1].GetProperty("items").GetInt32());
        Assert.Equal(
            ["conversation", "message", "run", "usage", "end"], lines.Select(line => line.Text("type")).Distinct());
        Assert.Equal("", answers[1]);
        using var list = await Host.Http.SendJsonAsync(HttpMethod.Get, "/api/runs", "", ("Authorization", "Bearer dev:local"));
        Assert.Empty((await list.ReadAsync()).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Agents_as_tools()
    {
        var answers = await RunSectionAsync("Agents as tools");

        var run = await RunUntilEndAsync(Json(answers[2]).Text("id"));
        Assert.Contains("mathematician says: 17*23 = 391.", run.Text("output"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callbacks()
    {
        var answers = await RunSectionAsync("Callbacks");

        Assert.StartsWith("whsec_", Json(answers[0]).Text("secret"), StringComparison.Ordinal);
        Assert.Equal("waiting", Json(answers[1]).GetProperty("callback").Text("status"));
        Assert.Equal(["createdAt"], Json(answers[2]).EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public async Task Batches()
    {
        var answers = await RunSectionAsync("Batches");

        Assert.Equal(5, answers.Count);
        Assert.Equal(2, Json(answers[0]).GetProperty("counts").GetProperty("total").GetInt32());
        Assert.StartsWith("batch_", Json(answers[1]).Text("id"), StringComparison.Ordinal);
        Assert.Equal(2, Json(answers[2]).GetProperty("items").GetArrayLength());
        Assert.Equal(Json(answers[1]).Text("id"), Json(answers[4]).Text("id"));
    }

    [Fact]
    public async Task Prompts_from_a_queue() =>
        Assert.Empty(Json(Assert.Single(await RunSectionAsync("Prompts from a queue"))).GetProperty("items").EnumerateArray());

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

    [Fact]
    public async Task API_keys()
    {
        var answers = await RunSectionAsync("API keys");

        Assert.StartsWith("ygk_", Json(answers[0]).Text("key"), StringComparison.Ordinal);
        Assert.Equal("nightly report", Assert.Single(Json(answers[1]).GetProperty("items").EnumerateArray()).Text("name"));
    }

    private Task<JsonElement> RunUntilEndAsync(string id) => Host.Http.EndOfRunAsync(id, ("Authorization", "Bearer dev:local"));

    /// <summary>For a section whose answers depend on all that its reader has done before.</summary>
    private async Task StartOwnHostAsync()
    {
        _own = new GuideHost();
        await _own.InitializeAsync();
    }

    private static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);

    /// <summary>What each command of a section answers; one that fails ends the test.</summary>
    private async Task<List<string>> RunSectionAsync(string heading, int commands = int.MaxValue)
    {
        List<string> answers = [];
        var variables = "";
        foreach (var command in Commands(heading).Take(commands))
        {
            if (Assignment().Match(command) is { Success: true } assignment)
            {
                var name = assignment.Groups[1].Value;
                variables += $"{name}='{await RunAsync($"{variables}{command}\necho -n \"${name}\"")}'\n";
                continue;
            }

            answers.Add(await RunAsync(variables + command));
        }

        return answers;
    }

    private async Task<string> RunAsync(string command)
    {
        // A reader has no credentials and LocalHost's own port.
        var script = command.Replace("http://localhost:7071", Host.Http.BaseAddress!.ToString().TrimEnd('/'), StringComparison.Ordinal);
        var start = new ProcessStartInfo("bash", ["-c", $"curl() {{ command curl --fail-with-body \"$@\"; }}\n{script}"]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var answer = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{command}\n{answer}");
        return answer;
    }

    private static string Guide() => File.ReadAllText(Checkout.PathOf("docs", "guide.md"));

    private static IEnumerable<string> Commands(string heading)
    {
        var section = Guide().Split("\n## ").Single(text => text.StartsWith($"{heading}\n", StringComparison.Ordinal));
        return Blocks().Matches(section).SelectMany(block => Starts().Split(block.Groups[1].Value).Where(command => command.Length > 0));
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("^([A-Z]+)=")]
    private static partial Regex Assignment();

    [GeneratedRegex("^(?=curl |printf |[A-Z]+=)", RegexOptions.Multiline)]
    private static partial Regex Starts();
}

/// <summary>LocalHost as a reader of the guide starts it.</summary>
public sealed class GuideHost : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-guide-").FullName;

    internal LocalHostProcess Process { get; private set; } = null!;

    /// <summary>What a section of the guide sets.</summary>
    internal Dictionary<string, string> Settings { get; init; } = [];

    public async Task InitializeAsync() => Process = await LocalHostProcess.StartAsync(_data, Settings);

    public async Task DisposeAsync()
    {
        await Process.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }
}
