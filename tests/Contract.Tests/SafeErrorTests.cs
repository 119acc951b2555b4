using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>What callers and the console are told when something inside breaks.</summary>
public sealed class SafeErrorTests : IAsyncLifetime
{
    private const string Account = "canaryaccount";

    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-errors-").FullName;
    private readonly LeakSearch _search = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => TestFolder.DeleteAsync(_data);

    public static TheoryData<string, int, string, string> BrokenStorages => new()
    {
        // situation, status (0 for a connection that is reset), content type, body
        { "connection reset", 0, "", "" },
        { "credentials refused", 403, "application/json", """{"odata.error":{"code":"AuthenticationFailed","message":{"lang":"en","value":"{canary}"}}}""" },
        { "request refused", 400, "application/xml", "<Error><Code>InvalidInput</Code><Message>{canary}</Message></Error>" },
        { "HTML of a proxy", 502, "text/html", "<html>{canary}</html>" },
        { "malformed rows", 200, "application/json", """{"value":[{"PartitionKey":"{canary}","RowKey":5,"odata.etag":1}]}""" },
        { "no JSON", 200, "application/json", "{canary}" },
    };

    [Theory]
    [MemberData(nameof(BrokenStorages))]
    public async Task Broken_storage_is_a_problem_that_tells_nothing_of_it(string situation, int status, string contentType, string body)
    {
        var canary = _search.Canary("storage's answer");
        var key = _search.Canary("account key");
        await using var storage = await LoopbackServer.StartAsync((context, cancellationToken) =>
            BreakAsync(context, status, contentType, body.Replace("{canary}", canary, StringComparison.Ordinal), cancellationToken));
        await using var host = await LocalHostProcess.StartAsync(_data, new Dictionary<string, string>
        {
            ["AzureWebJobsStorage"] =
                $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Convert.ToBase64String(Encoding.UTF8.GetBytes(key))};" +
                $"BlobEndpoint={storage.Address}{Account};QueueEndpoint={storage.Address}{Account};TableEndpoint={storage.Address}{Account}",
        });

        var requests = new[]
        {
            host.Http.GetAsync(new Uri("/api/runs", UriKind.Relative)),
            host.Http.GetAsync(new Uri("/api/runs/run_1", UriKind.Relative)),
            host.Http.GetAsync(new Uri("/api/runs/run_1/steps", UriKind.Relative)),
            host.Http.GetAsync(new Uri("/api/agents/own", UriKind.Relative)),
            host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/own", """{"model":"demo:assistant"}"""),
            host.Http.PostRunAsync("assistant", new { input = "Hello" }),
            host.Http.PostRunAsync("assistant", new { input = "Hello" }, ("Prefer", "wait=60"), ("Idempotency-Key", "k")),
        };

        foreach (var response in await Task.WhenAll(requests))
        {
            await AssertTellsNothingAsync(response, situation, storage);
            response.Dispose();
        }

        await host.KillAsync();
        Assert.Empty(_search.Find("console", Encoding.UTF8.GetBytes(host.Output)));
        Assert.DoesNotContain("AccountKey", host.Output, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task AssertTellsNothingAsync(HttpResponseMessage response, string situation, LoopbackServer storage)
    {
        var text = await response.Content.ReadAsStringAsync();
        using var problem = JsonDocument.Parse(text);
        var isOutage = response.StatusCode == HttpStatusCode.ServiceUnavailable;
        Assert.True(isOutage || response.StatusCode == HttpStatusCode.InternalServerError, $"{situation}: {(int)response.StatusCode} {text}");
        Assert.Equal(isOutage ? "storage_unavailable" : "internal_error", problem.RootElement.Text("code"));
        Assert.Equal(isOutage, response.Headers.RetryAfter is not null);
        Assert.Equal(
            ["code", "detail", "instance", "status", "title", "traceId", "type"],
            problem.RootElement.EnumerateObject().Select(member => member.Name).Order(StringComparer.Ordinal));
        Assert.Matches(
            isOutage ? "^Storage does not answer, or not in time\\." : "^The failure is recorded as err_[0-9a-z]+\\.$", problem.RootElement.Text("detail"));
        Assert.All(
            [Account, "canary", "Exception", "Azure", "System.", "   at ", ".cs:", storage.Address.Authority, Path.GetTempPath()],
            secret => Assert.DoesNotContain(secret, $"{response.Headers}{text}", StringComparison.OrdinalIgnoreCase));
    }

    private static Task BreakAsync(HttpContext context, int status, string contentType, string body, CancellationToken cancellationToken)
    {
        if (status == 0)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        return context.Response.WriteAsync(body, cancellationToken);
    }
}
