using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Yggdrasil.Benchmarks;

/// <summary>
/// A large batch on LocalHost as a process of its own, over a model that answers at once, killed in its midst as often as
/// asked: <c>dotnet run -c Release --project bench -- batch 10000 3</c>.
/// </summary>
/// <remarks>
/// Says how many items a second were completed, how much memory the process takes on the way, and how often each item's
/// model call was made. An answer that was recorded is never asked for again, so more than one is right only for the
/// items that a kill cut off.
/// </remarks>
internal sealed partial class BatchSoak(int items, int kills) : IDisposable
{
    private readonly ConcurrentDictionary<string, int> _calls = new();
    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-soak-").FullName;
    private HttpClient _http = null!;
    private Process? _host;

    public async Task RunAsync()
    {
        await using var model = await StartModelAsync();
        var endpoint = model.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        await StartHostAsync(endpoint);
        var idle = Memory();
        var id = await UploadAsync();
        Console.WriteLine($"{items} items accepted; {idle} MB before, {Memory()} MB after the upload");
        var clock = Stopwatch.StartNew();
        var (killed, restarting, reported) = (0, TimeSpan.Zero, 0);
        while (true)
        {
            var (status, done) = await ProgressAsync(id);
            if (done >= reported + (items / 10) || status != "running")
            {
                reported = done;
                Console.WriteLine($"{done,6} ended after {clock.Elapsed.TotalSeconds,6:F1} s; {Memory()} MB; {_calls.Values.Sum()} model calls");
            }

            if (status != "running")
            {
                break;
            }

            if (killed < kills && done >= (killed + 1) * items / (kills + 1))
            {
                var since = clock.Elapsed;
                _host!.Kill();
                await _host.WaitForExitAsync();
                await StartHostAsync(endpoint);
                (killed, restarting) = (killed + 1, restarting + clock.Elapsed - since);
                Console.WriteLine($"killed at {done}, started again after {(clock.Elapsed - since).TotalSeconds:F1} s");
            }

            await Task.Delay(250);
        }

        await ReportAsync(id, clock.Elapsed - restarting);
    }

    public void Dispose()
    {
        _host?.Kill();
        _host?.Dispose();
        _http.Dispose();
    }

    private async Task ReportAsync(string id, TimeSpan elapsed)
    {
        var lines = (await _http.GetStringAsync(new Uri($"/api/batches/{id}/results", UriKind.Relative)))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();
        var wrong = lines.Where((line, index) => line.GetProperty("id").GetString() != $"row-{index}"
            || line.GetProperty("output").GetString() != $"Answer to question {index}").Count();
        Console.WriteLine(
            $"{lines.Count} results, {wrong} wrong; {lines.Select(line => line.GetProperty("runId").GetString()).Distinct().Count()} runs; "
            + $"{_calls.Count} items asked the model, {_calls.Values.Count(count => count > 1)} of them more than once, none more than {_calls.Values.Max()} times");
        Console.WriteLine($"{items / elapsed.TotalSeconds:F1} items a second without restarts");
    }

    private async Task<string> UploadAsync()
    {
        var body = new StringBuilder("""{"agent":"soak"}""").Append('\n');
        for (var i = 0; i < items; i++)
        {
            body.Append(CultureInfo.InvariantCulture, $$"""{"id":"row-{{i}}","input":"question {{i}}"}""").Append('\n');
        }

        using var content = new StringContent(body.ToString(), Encoding.UTF8, "application/x-ndjson");
        using var accepted = await _http.PostAsync(new Uri("/api/batches", UriKind.Relative), content);
        accepted.EnsureSuccessStatusCode();
        return JsonSerializer.Deserialize<JsonElement>(await accepted.Content.ReadAsStringAsync()).GetProperty("id").GetString()!;
    }

    private async Task<(string Status, int Done)> ProgressAsync(string id)
    {
        var batch = JsonSerializer.Deserialize<JsonElement>(await _http.GetStringAsync(new Uri($"/api/batches/{id}", UriKind.Relative)));
        var counts = batch.GetProperty("counts");
        return (batch.GetProperty("status").GetString()!, counts.GetProperty("completed").GetInt32() + counts.GetProperty("failed").GetInt32());
    }

    private async Task StartHostAsync(string model)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(LocalHost.Azurite.AzuriteProcess).Assembly.Location, "--urls", "http://127.0.0.1:0"])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        start.Environment["LocalHost__DataPath"] = _data;
        start.Environment["Providers__openai__Endpoint"] = $"{model}/v1";
        start.Environment["Providers__openai__ApiKey"] = "sk-soak";
        start.Environment["Agents__1__Id"] = "soak";
        start.Environment["Agents__1__Model"] = "openai:soak";
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        _host = Process.Start(start)!;
        _host.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { } text && Listening().Match(text) is { Success: true } match)
            {
                listening.TrySetResult(new Uri(match.Groups[1].Value));
            }
        };
        _host.BeginOutputReadLine();
        _http?.Dispose();
        _http = new HttpClient { BaseAddress = await listening.Task.WaitAsync(TimeSpan.FromMinutes(5)), Timeout = TimeSpan.FromMinutes(5) };
    }

    private async Task<WebApplication> StartModelAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapPost("/v1/chat/completions", async (HttpRequest request) =>
        {
            using var body = await JsonDocument.ParseAsync(request.Body);
            var question = body.RootElement.GetProperty("messages").EnumerateArray().Last().GetProperty("content").ToString();
            question = Question().Match(question).Value;
            _calls.AddOrUpdate(question, 1, (_, count) => count + 1);
            return Results.Json(new
            {
                id = "x",
                @object = "chat.completion",
                created = 1,
                model = "soak",
                choices = new[] { new { index = 0, message = new { role = "assistant", content = $"Answer to {question}" }, finish_reason = "stop" } },
                usage = new { prompt_tokens = 10, completion_tokens = 5, total_tokens = 15 },
            });
        });
        await app.StartAsync();
        return app;
    }

    private long Memory()
    {
        _host!.Refresh();
        return _host.WorkingSet64 / (1024 * 1024);
    }

    [GeneratedRegex(@"Listening on (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening();

    [GeneratedRegex(@"question \d+")]
    private static partial Regex Question();
}
