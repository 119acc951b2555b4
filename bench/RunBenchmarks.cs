using System.Text;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Agents;
using Yggdrasil.Identity;
using Yggdrasil.LocalHost.Hosting;
using Yggdrasil.Models;
using Yggdrasil.Models.Clients;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Benchmarks;

/// <summary>
/// One run with the demo model, which answers at once: what the product adds to the model. Three model calls mean two tool
/// calls. The limit is the bare loop of Microsoft.Extensions.AI, which records nothing.
/// </summary>
[MemoryDiagnoser(displayGenColumns: false)]
public class RunBenchmarks
{
    private static readonly AgentDefinition Agent = new() { Model = "demo:assistant", Tools = ["calculator", "clock"] };

    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-bench-").FullName;
    private Rig _rig = null!;
    private LocalHostApplication _host = null!;
    private HttpClient _http = null!;
    private FunctionInvokingChatClient _bare = null!;
    private ChatOptions _bareOptions = null!;
    private AgentLoop _loop = null!;

    [Params(1, 3)]
    public int ModelCalls { get; set; }

    private string Prompt => ModelCalls == 1 ? "Hello" : "What is 17*23, and what time is it in Oslo?";

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _rig = await Rig.StartAsync();
        _loop = _rig.Services.GetRequiredService<AgentLoop>();
        var model = _rig.Services.GetRequiredService<IModelClients>().GetClient(new ModelId("demo", "assistant"), []);
        _bare = new FunctionInvokingChatClient(model, functionInvocationServices: _rig.Services);
        _bareOptions = new ChatOptions { Tools = [.. BareTools(_rig.Services.GetRequiredService<ToolCatalog>())] };

        _host = await LocalHostApplication.CreateAsync(Product.Setup(
            ["--urls", "http://127.0.0.1:0", "--LocalHost:DataPath", _data]) with { Console = TextWriter.Null });
        await _host.StartAsync();
        _http = new HttpClient { BaseAddress = new Uri(_host.Urls.First()) };
        _http.DefaultRequestHeaders.Add("Prefer", "wait=30");
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        _http.Dispose();
        await _host.StopAsync();
        await _host.DisposeAsync();
        await _rig.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Benchmark(Baseline = true, Description = "bare FunctionInvokingChatClient")]
    public Task<ChatResponse> Bare() => _bare.GetResponseAsync([new ChatMessage(ChatRole.User, Prompt)], _bareOptions);

    [Benchmark(Description = "inline: our loop, journal in memory")]
    public async Task<string?> Inline()
    {
        var now = DateTimeOffset.UtcNow;
        var run = new Run
        {
            Id = "run_00000000000000000000000000",
            Driver = "",
            Caller = new Caller(new Owner("dev", "bench"), new HashSet<string>()),
            AgentId = "bench",
            AgentVersion = 1,
            Agent = Agent,
            CreatedAt = now,
            Deadline = now.AddHours(1),
        };
        using var slice = new Slice(TimeSpan.FromMinutes(1), TimeProvider.System, CancellationToken.None, CancellationToken.None);
        var journal = new MemoryRunJournal(run, [new ChatMessage(ChatRole.User, Prompt)]);
        await _loop.AdvanceAsync(journal, slice);
        return journal.Run.Output;
    }

    [Benchmark(Description = "inline: LocalHost over HTTP")]
    public Task<int> Invoke() => PostAsync("invoke");

    [Benchmark(Description = "durable: LocalHost over HTTP, Prefer: wait")]
    public Task<int> Durable() => PostAsync("runs");

    private async Task<int> PostAsync(string route)
    {
        using var body = new StringContent($$"""{"input":"{{Prompt}}"}""", Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(new Uri($"/api/agents/assistant/{route}", UriKind.Relative), body);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadAsByteArrayAsync()).Length;
    }

    /// <summary>The same tools for the bare loop, which invokes functions itself.</summary>
    private IEnumerable<AITool> BareTools(ToolCatalog catalog) => Agent.Tools.Select(name =>
    {
        catalog.TryGet(name, out var tool);
        var context = new ToolContext
        {
            RunId = "bench", CallId = "t1c0", Deadline = DateTimeOffset.MaxValue, Caller = new Caller(new Owner("dev", "bench"), new HashSet<string>()),
        };
        return new CatalogFunction(tool!, context, _rig.Services);
    });
}
