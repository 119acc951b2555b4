using System.Collections.Concurrent;
using System.ComponentModel;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yggdrasil.Fixtures;
using Yggdrasil.Fixtures.OpenApi;
using Yggdrasil.Hosting;
using Yggdrasil.LocalHost.Hosting;
using Yggdrasil.Tools;

namespace Yggdrasil.LocalHost.Tests.App;

/// <summary>The product with tools of an owner's that throw with content in their messages.</summary>
public sealed class ThrowingToolTests
{
    private static readonly string[] Tools = ["throws", "throws_once_more"];

    private readonly LeakSearch _search = new();
    private readonly ConcurrentQueue<string> _log = new();

    [Fact]
    public async Task What_a_tool_throws_is_left_nowhere_and_told_to_nobody()
    {
        using var folder = new TemporaryFolder();
        await using var model = await ScriptedModelServer.StartAsync();
        var canary = _search.Canary("the tool's exception");
        model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("throws", "{}"), ("throws_once_more", "{}"))
            : ModelReply.Text(string.Join('\n', request.ToolResults)));

        JsonElement run;
        await using (var host = await StartAsync(folder, model, canary))
        {
            using var http = new HttpClient(new ContractHandler()) { BaseAddress = new Uri(host.Urls.Single()) };
            using var agent = await http.PutAsJsonAsync("/api/agents/own", new { model = "openai:scripted", tools = Tools });
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/agents/own/runs") { Content = JsonContent.Create(new { input = "Go" }) };
            request.Headers.Add("Prefer", "wait=60");
            using var response = await http.SendAsync(request);
            run = await response.Content.ReadFromJsonAsync<JsonElement>();
        }

        Assert.Equal("completed", run.GetProperty("stopReason").GetString());
        Assert.Matches("^The tool failed \\(err_[0-9a-z]+\\)\\.\nThe tool failed \\(err_[0-9a-z]+\\)\\.$", run.GetProperty("output").GetString());
        Assert.Empty(_search.FindInFolder(folder.FullPath));
        Assert.Empty(_search.Find("log", Encoding.UTF8.GetBytes(string.Concat(_log))));
        Assert.Contains(_log, line => line.Contains("throws_once_more", StringComparison.Ordinal));
    }

    private async Task<LocalHostApplication> StartAsync(TemporaryFolder folder, ScriptedModelServer model, string canary)
    {
        var setup = Product.Setup(
            ["--urls=http://127.0.0.1:0", $"--LocalHost:DataPath={folder.FullPath}/data", $"--Providers:openai:Endpoint={model.Endpoint}", "--Providers:openai:ApiKey=k"]) with
        {
            ReadEnvironment = _ => null,
            Console = TextWriter.Null,
            ConfigureServices = (services, configuration) => services
                .AddYggdrasil(configuration)
                .AddSingleton(new Canary(canary))
                .AddAgentTools<ThrowingTools>()
                .AddLogging(logging => logging.AddProvider(new Recorder(_log)).AddFilter<Recorder>(null, LogLevel.Information)),
        };
        var host = await LocalHostApplication.CreateAsync(setup);
        await host.StartAsync();
        return host;
    }

    public sealed record Canary(string Text);

    public sealed class ThrowingTools(Canary canary)
    {
        [AgentTool(Name = "throws", Idempotent = true)]
        [Description("Throws.")]
        public string Throw() => throw new InvalidOperationException(canary.Text);

        [AgentTool(Name = "throws_once_more")]
        [Description("Throws with a cause, and may have had an effect.")]
        public async Task<string> ThrowLaterAsync()
        {
            await Task.Yield();
            throw new IOException(canary.Text, new InvalidOperationException(canary.Text));
        }
    }

    private sealed class Recorder(ConcurrentQueue<string> log) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Enqueue($"{formatter(state, exception)} {exception}\n");

        public void Dispose()
        {
        }
    }
}
