using System.Net;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Yggdrasil.Fixtures;
using Yggdrasil.Fixtures.OpenApi;

namespace Yggdrasil.Contract.Tests;

/// <summary>LocalHost as a user starts it: a process of its own, on a free port, with its data in a folder of its own.</summary>
internal sealed partial class LocalHostProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(5);
    internal static readonly string Assembly = typeof(LocalHostProcess).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "LocalHost").Value!;

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LocalHostProcess(Process process) => _process = process;

    public HttpClient Http { get; private set; } = null!;

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <param name="dataPath">Its data folder; what an earlier one left there is taken up.</param>
    /// <param name="settings">Environment variables beside the test's own.</param>
    /// <param name="token">The bearer token that <see cref="Http"/> sends where a request has none of its own.</param>
    /// <param name="url">Where it is to listen; port 0 takes a free one.</param>
    /// <param name="assembly">Another build of it; null for the one beside the tests.</param>
    /// <exception cref="InvalidOperationException">It did not start; the message is what it wrote.</exception>
    public static async Task<LocalHostProcess> StartAsync(
        string dataPath, IReadOnlyDictionary<string, string> settings, string token = "dev:alice", string url = "http://127.0.0.1:0", string? assembly = null)
    {
        var start = new ProcessStartInfo("dotnet", [assembly ?? Assembly, "--urls", url])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        start.Environment["LocalHost__DataPath"] = dataPath;

        // Tests start some hundred hosts that live for seconds: measuring code in order to compile it better later does not pay.
        start.Environment["DOTNET_TieredPGO"] = "0";
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        var host = new LocalHostProcess(Process.Start(start)!);
        host._process.OutputDataReceived += (_, line) => host.Read(line.Data);
        host._process.ErrorDataReceived += (_, line) => host.Read(line.Data);
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        await Task.WhenAny(host._address.Task, host._process.WaitForExitAsync(), Task.Delay(StartBound));
        if (!host._address.Task.IsCompletedSuccessfully)
        {
            await host.DisposeAsync();
            throw new InvalidOperationException($"LocalHost did not start:\n{host.Output}");
        }

        host.Http = new HttpClient(new ContractHandler()) { BaseAddress = await host._address.Task, Timeout = TimeSpan.FromSeconds(100) };
        host.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return host;
    }

    /// <summary>The most memory it has had, in bytes.</summary>
    public long PeakMemory
    {
        get
        {
            _process.Refresh();
            return _process.PeakWorkingSet64;
        }
    }

    /// <summary>What it has used of the processors.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Ends it as a crash would: at once, with nothing written or told.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Read(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }

        if (line is not null && Listening().Match(line) is { Success: true } match)
        {
            _address.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"Listening on (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening();
}

/// <summary>What tests send and read.</summary>
internal static class Requests
{
    public static Task<HttpResponseMessage> PostRunAsync(this HttpClient http, string agent, object body, params (string Name, string Value)[] headers) =>
        http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/runs", JsonSerializer.Serialize(body), headers);

    public static async Task<HttpResponseMessage> SendJsonAsync(
        this HttpClient http, HttpMethod method, string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await http.SendAsync(request);
    }

    public static async Task<JsonElement> ReadAsync(this HttpResponseMessage response) =>
        await response.Content.ReadFromJsonAsync<JsonElement>();

    public static string Text(this JsonElement element, string name) => element.TryGetProperty(name, out var value)
        ? value.GetString()!
        : throw new KeyNotFoundException($"There is no {name} in {element.GetRawText()[..Math.Min(2000, element.GetRawText().Length)]}");

    /// <summary>The run once it is terminal.</summary>
    public static Task<JsonElement> EndOfRunAsync(this HttpClient http, string runId, params (string Name, string Value)[] headers) =>
        http.RunUntilAsync(runId, run => run.Text("status") is "completed" or "failed" or "cancelled" or "expired", headers);

    /// <summary>The run once it is as wanted.</summary>
    public static Task<JsonElement> RunUntilAsync(
        this HttpClient http, string runId, Func<JsonElement, bool> condition, params (string Name, string Value)[] headers) =>
        http.UntilAsync($"/api/runs/{runId}", condition, headers);

    /// <summary>What a path answers, once that is as wanted.</summary>
    public static async Task<JsonElement> UntilAsync(
        this HttpClient http, string path, Func<JsonElement, bool> isWanted, params (string Name, string Value)[] headers)
    {
        async Task<(HttpStatusCode Status, JsonElement Answer)> ReadAsync()
        {
            using var response = await http.SendJsonAsync(HttpMethod.Get, path, "", headers);
            return (response.StatusCode, await response.ReadAsync());
        }

        // A machine that is busy answers 503 after five seconds without storage, and means it: look again.
        var found = await Poll.UntilAsync(ReadAsync, read => read.Status != HttpStatusCode.ServiceUnavailable && isWanted(read.Answer), path);
        return found.Answer;
    }
}
