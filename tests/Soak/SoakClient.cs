using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Yggdrasil.Soak;

/// <summary>One run as its caller saw it.</summary>
/// <param name="Status">Its end; null where it was refused.</param>
/// <param name="Code">The error's, of the run or of the refusal.</param>
internal sealed record SeenRun(string? Id, string? Status, string? Code, TimeSpan Duration);

/// <summary>A caller who starts runs and waits for their ends.</summary>
internal sealed class SoakClient(HttpClient http, string user)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public async Task PutAgentAsync(string id, object definition)
    {
        using var response = await SendAsync(HttpMethod.Put, $"/api/agents/{id}", definition);
        response.EnsureSuccessStatusCode();
    }

    /// <param name="wait">Whether the request drives the run; otherwise its orchestration does.</param>
    public async Task<SeenRun> RunAsync(string agent, bool wait)
    {
        var started = Stopwatch.GetTimestamp();
        using var response = await SendAsync(HttpMethod.Post, $"/api/agents/{agent}/runs", new { input = "What is 17*23?" }, wait);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        if (!response.IsSuccessStatusCode)
        {
            return new SeenRun(null, null, Text(body, "code") ?? $"{(int)response.StatusCode}", Stopwatch.GetElapsedTime(started));
        }

        var id = Text(body, "id")!;
        while (!IsTerminal(Text(body, "status")))
        {
            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                return new SeenRun(id, Text(body, "status"), "no_end", Stopwatch.GetElapsedTime(started));
            }

            await Task.Delay(100);
            body = await GetAsync($"/api/runs/{id}");
        }

        var code = body.TryGetProperty("error", out var error) ? Text(error, "code") : null;
        return new SeenRun(id, Text(body, "status"), code, Stopwatch.GetElapsedTime(started));
    }

    /// <summary>Tokens that the app says were used, yesterday's too: a soak may go past midnight.</summary>
    public async Task<long> TokensAsync() =>
        (await GetAsync("/api/usage?days=2")).GetProperty("days").EnumerateArray().Sum(day => day.GetProperty("tokens").GetInt64());

    private static bool IsTerminal(string? status) => status is "completed" or "failed" or "cancelled" or "expired";

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) ? value.GetString() : null;

    private async Task<JsonElement> GetAsync(string path)
    {
        using var response = await SendAsync(HttpMethod.Get, path, body: null);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body, bool wait = false)
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version11 };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", $"dev:{user}");
        request.Content = body is null ? null : JsonContent.Create(body);
        if (wait)
        {
            request.Headers.Add("Prefer", "wait=60");
        }

        return await http.SendAsync(request);
    }
}
