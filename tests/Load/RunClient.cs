using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Yggdrasil.Load.Scenarios;

namespace Yggdrasil.Load;

/// <summary>Starts a run and waits until it has ended, by <c>Prefer: wait</c> and then by asking.</summary>
/// <param name="http">With the base address of the host under test.</param>
/// <param name="agent">Whose runs are started.</param>
/// <param name="timeout">Bounds one run, all requests together.</param>
internal sealed class RunClient(HttpClient http, string agent, TimeSpan timeout)
{
    private const int LongestWait = 60;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>Plays one turn. Never throws: whatever goes wrong is the outcome's error.</summary>
    public async Task<RunOutcome> RunAsync(Scenario scenario, string prompt, string? conversationId, string? token)
    {
        using var bound = new CancellationTokenSource(timeout);
        try
        {
            return await RunAsync(scenario.Name, new Body(prompt, conversationId), token, bound.Token);
        }
        catch (OperationCanceledException)
        {
            return new RunOutcome(scenario.Name, "timeout");
        }
        catch (HttpRequestException failed)
        {
            return new RunOutcome(scenario.Name, failed.HttpRequestError is HttpRequestError.Unknown ? "connection" : $"connection {failed.HttpRequestError}");
        }
        catch (Exception unreadable) when (unreadable is JsonException or IOException or NotSupportedException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return new RunOutcome(scenario.Name, "unreadable answer");
        }
    }

    /// <summary>Asks for the agent, so that a wrong address, token or agent is told before any load.</summary>
    /// <returns>What is wrong; null if nothing is.</returns>
    public async Task<string?> ProblemAsync(string? token, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(timeout);
        try
        {
            using var response = await SendAsync(HttpMethod.Get, $"/api/agents/{Uri.EscapeDataString(agent)}", null, token, bound.Token);
            return response.IsSuccessStatusCode ? null : $"{http.BaseAddress}api/agents/{agent} answers {await ErrorAsync(response, bound.Token)}.";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"{http.BaseAddress} does not answer within {timeout.TotalSeconds:0} s.";
        }
        catch (HttpRequestException unreachable)
        {
            return $"{http.BaseAddress} cannot be reached: {unreachable.Message}";
        }
    }

    private async Task<RunOutcome> RunAsync(string scenario, Body body, string? token, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Post, $"/api/agents/{Uri.EscapeDataString(agent)}/runs", body, token, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            return new RunOutcome(scenario, await ErrorAsync(response, cancellationToken));
        }

        var run = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        var pause = FirstPause;
        while (!IsTerminal(run))
        {
            await Task.Delay(pause, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            using var again = await SendAsync(HttpMethod.Get, $"/api/runs/{run.GetProperty("id").GetString()}", null, token, cancellationToken);
            if (!again.IsSuccessStatusCode)
            {
                return new RunOutcome(scenario, await ErrorAsync(again, cancellationToken));
            }

            run = await again.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        }

        return Outcome(scenario, run);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, Body? body, string? token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null)
        {
            request.Content = JsonContent.Create(body, options: LoadJson.Options);
            var wait = Math.Clamp((int)timeout.TotalSeconds, 1, LongestWait);
            request.Headers.TryAddWithoutValidation("Prefer", string.Create(CultureInfo.InvariantCulture, $"wait={wait}"));
        }

        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return await http.SendAsync(request, cancellationToken);
    }

    private static bool IsTerminal(JsonElement run) =>
        run.GetProperty("status").GetString() is "completed" or "failed" or "cancelled" or "expired";

    private static RunOutcome Outcome(string scenario, JsonElement run)
    {
        var status = run.GetProperty("status").GetString();
        var code = run.TryGetProperty("error", out var error) ? error.GetProperty("code").GetString() : run.GetProperty("stopReason").GetString();
        var usage = run.GetProperty("usage");
        return new RunOutcome(
            scenario,
            status == "completed" ? null : $"{status} {code}",
            usage.GetProperty("inputTokens").GetInt64(),
            usage.GetProperty("outputTokens").GetInt64(),
            usage.GetProperty("modelCalls").GetInt64(),
            usage.GetProperty("toolCalls").GetInt64(),
            usage.TryGetProperty("costUsd", out var cost) ? cost.GetDecimal() : 0);
    }

    /// <summary>Status and problem code. Not the detail: it names ids, and each would be a kind of its own.</summary>
    private static async Task<string> ErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
        {
            return status;
        }

        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return problem.TryGetProperty("code", out var code) ? $"{status} {code.GetString()}" : status;
    }

    private sealed record Body(string Input, string? ConversationId);
}
