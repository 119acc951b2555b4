using System.Collections.Concurrent;
using System.Text.Json;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Load.Tests;

/// <summary>The tool as a person calls it, against a scripted host over HTTP.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "DisposeAsync of xunit's IAsyncLifetime does it.")]
public sealed class LoadCommandTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("yggdrasil-load-").FullName;
    private readonly ConcurrentQueue<(string? Authorization, string? Prefer, JsonElement Body)> _started = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();
    private LoopbackServer _host = null!;
    private Func<int, (int Status, string Body)> _answer = _ => (200, Run("completed", "completed"));

    public async Task InitializeAsync() => _host = await LoopbackServer.StartAsync(HandleAsync);

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _output.DisposeAsync();
        await _error.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_load_test_writes_a_report_that_agrees_with_what_the_host_saw()
    {
        var exit = await LoadAsync("--users", "3", "--token", "dev:load-{user}");

        Assert.Equal(LoadCommand.Ok, exit);
        var report = await JsonReportAsync();
        var totals = report.GetProperty("totals");
        var completed = totals.GetProperty("completed").GetInt64();
        Assert.Equal(_started.Count, completed);
        Assert.Equal(completed * 100, totals.GetProperty("inputTokens").GetInt64());
        Assert.Equal(completed * 0.01m, totals.GetProperty("costUsd").GetDecimal());
        Assert.Equal(["Bearer dev:load-0", "Bearer dev:load-1", "Bearer dev:load-2"], _started.Select(run => run.Authorization).Distinct().Order());
        Assert.All(_started, run => Assert.StartsWith("wait=", run.Prefer, StringComparison.Ordinal));
        Assert.Contains($"{completed} runs completed, 0 failed", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_conversation_is_continued_turn_by_turn()
    {
        await LoadAsync("--users", "1", "--duration", "4", "--mix", "conversation=1", "--turns", "4");

        var turns = _started.Select(run => run.Body.GetProperty("conversationId").GetString()!).ToList();
        Assert.True(turns.Count >= 8, $"{turns.Count} runs are too few to see two conversations.");
        Assert.All(turns.SkipLast(turns.Count % 4).CountBy(id => id), conversation => Assert.Equal(4, conversation.Value));
    }

    [Fact]
    public async Task Errors_are_counted_by_kind_and_a_missed_threshold_is_the_exit_code()
    {
        _answer = number => (number % 4) switch
        {
            0 => (429, """{ "code": "rate_limited" }"""),
            1 => (200, Run("failed", "provider_error", "provider_timeout")),
            2 => (500, "<html>"),
            _ => (200, Run("completed", "completed")),
        };
        var exit = await LoadAsync("--users", "1", "--duration", "4", "--max-errors", "50", "--max-p95", "100000");

        Assert.Equal(LoadCommand.ThresholdMissed, exit);
        var report = await JsonReportAsync();
        Assert.Equal(["429 rate_limited", "500", "failed provider_timeout"], report.GetProperty("errors").EnumerateObject().Select(error => error.Name).Order());
        Assert.Equal([true, false], report.GetProperty("thresholds").EnumerateArray().Select(verdict => verdict.GetProperty("held").GetBoolean()));
    }

    [Fact]
    public async Task A_run_that_goes_on_after_the_request_is_asked_for_until_it_ends()
    {
        _answer = number => number % 2 == 0 ? (202, Run("running")) : (200, Run("completed", "completed"));
        var exit = await LoadAsync("--users", "1", "--max-errors", "0", "--mix", "chat=1");
        Assert.Equal(LoadCommand.Ok, exit);
    }

    [Fact]
    public async Task An_agent_that_is_not_there_is_told_before_any_load()
    {
        var exit = await LoadAsync("--agent", "missing");

        Assert.Equal(LoadCommand.CannotRun, exit);
        Assert.Contains("api/agents/missing answers 404 not_found", _error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_started);
    }

    [Fact]
    public async Task A_host_that_does_not_answer_is_told_before_any_load()
    {
        var exit = await LoadAsync("--agent", "hanging", "--timeout", "1");

        Assert.Equal(LoadCommand.CannotRun, exit);
        Assert.Contains("does not answer within 1 s", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--users", "0", "--users must be a whole number from 1 to 10000")]
    [InlineData("--rate", "NaN", "--rate must be a number from")]
    [InlineData("--duration", "soon", "--duration must be a number from 1 to")]
    [InlineData("--mix", "chat=x", "--mix: 'chat=x' must be chat=")]
    [InlineData("--url", "ftp://host", "--url must be an http or https address")]
    [InlineData("--user", "3", "'--user'")]
    public async Task Wrong_options_are_named_and_start_nothing(string option, string value, string message)
    {
        Assert.Equal(LoadCommand.CannotRun, await LoadAsync(option, value));
        Assert.Contains(message, _error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_started);
    }

    [Fact]
    public async Task The_page_is_well_formed_needs_nothing_else_and_shows_names_as_text()
    {
        _answer = number => number % 2 == 0 ? (200, Run("completed", "completed")) : (200, Run("failed", "provider_error", "<script>alert(1)</script>"));
        await LoadAsync("--users", "2", "--rate", "40", "--max-p99", "100000");

        var html = await File.ReadAllTextAsync(Path.Combine(_folder, "report.html"));
        var page = XElement.Parse(html.Replace("<!DOCTYPE html>", "", StringComparison.Ordinal)
            .Replace("""<meta charset="utf-8">""", "", StringComparison.Ordinal)
            .Replace("""<meta name="viewport" content="width=device-width, initial-scale=1">""", "", StringComparison.Ordinal));
        Assert.Equal(3, page.Descendants("svg").Count());
        Assert.Empty(page.Descendants("script"));
        Assert.DoesNotContain(page.Descendants().Attributes(), attribute => attribute.Name.LocalName is "src" or "href");
        Assert.All(page.Descendants("polyline").Attributes("points"), points => Assert.DoesNotContain("NaN", points.Value, StringComparison.Ordinal));
        Assert.Contains("failed <script>alert(1)</script>", page.Descendants("td").Select(cell => cell.Value));
    }

    private Task<int> LoadAsync(params string[] options)
    {
        (string Name, string Value)[] defaults = [("--url", _host.Address.ToString()), ("--duration", "1"), ("--warm-up", "0"), ("--output", _folder)];
        string[] arguments = [.. defaults.Where(option => !options.Contains(option.Name)).SelectMany(option => (string[])[option.Name, option.Value]), .. options];
        return LoadCommand.InvokeAsync(arguments, _output, _error);
    }

    private async Task<JsonElement> JsonReportAsync()
    {
        await using var file = File.OpenRead(Path.Combine(_folder, "report.json"));
        return await JsonSerializer.DeserializeAsync<JsonElement>(file);
    }

    private async Task HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var request = context.Request;
        if (request.Method == "POST")
        {
            var body = await request.ReadFromJsonAsync<JsonElement>(cancellationToken);
            // A host under test answers in some milliseconds, too.
            await Task.Delay(5, cancellationToken);
            _started.Enqueue((request.Headers.Authorization, request.Headers["Prefer"], body));
        }

        if (request.Path.StartsWithSegments("/api/agents/hanging", StringComparison.Ordinal))
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        var (status, text) = request.Path.StartsWithSegments("/api/agents/missing", StringComparison.Ordinal) ? (404, """{ "code": "not_found" }""")
            : request.Path.StartsWithSegments("/api/runs", StringComparison.Ordinal) ? (200, Run("completed", "completed"))
            : request.Method == "GET" ? (200, "{}")
            : _answer(_started.Count);
        context.Response.StatusCode = status;
        context.Response.ContentType = text.StartsWith('<') ? "text/html" : status < 400 ? "application/json" : "application/problem+json";
        await context.Response.WriteAsync(text, cancellationToken);
    }

    private static string Run(string status, string? stopReason = null, string? error = null) => JsonSerializer.Serialize(
        new
        {
            id = "run_1",
            status,
            stopReason,
            error = error is null ? null : new { code = error },
            usage = new { inputTokens = 100, outputTokens = 7, totalTokens = 107, modelCalls = 1, toolCalls = 0, costUsd = 0.01m },
        },
        LoadJson.Options);
}
