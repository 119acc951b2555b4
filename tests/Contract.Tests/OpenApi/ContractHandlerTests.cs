using System.Net;
using System.Text;
using Yggdrasil.Fixtures.OpenApi;

namespace Yggdrasil.Contract.Tests.OpenApi;

/// <summary>What the handler that all tests of the contract send through lets pass, and how it says what is wrong.</summary>
public sealed class ContractHandlerTests
{
    private const string Usage = """{"limits":{},"today":{"date":"2026-01-31","tokens":1,"requests":1,"costUsd":0.5},"days":[]}""";
    private const string Ticket = """{"ticket":"t","expiresAt":"2026-01-31T12:00:00Z"}""";

    [Theory]
    [InlineData("GET", "/api/usage?days=7", 200, "application/json", Usage)]
    [InlineData("HEAD", "/api/usage", 200, "application/json", "")]
    [InlineData("GET", "/nowhere", 404, null, "")]
    [InlineData("PATCH", "/api/usage", 405, null, "")]
    [InlineData("DELETE", "/api/runs/r1", 204, null, "")]
    [InlineData("GET", "/api/runs/r1/events", 200, "text/event-stream", "retry: 1000\n\n: keep-alive\n\nid: 1\nevent: model.delta\ndata: {\"turn\":1,\"text\":\"a\"}\n\n")]
    public async Task Described_answer_passes(string verb, string path, int status, string? mediaType, string body) =>
        Assert.Equal(status, (int)await SendAsync(verb, path, status, mediaType, body));

    [Theory]
    [InlineData("GET", "/nowhere", 200, "application/json", "{}", "the path is not described")]
    [InlineData("PATCH", "/api/usage", 200, "application/json", "{}", "the verb is not described")]
    [InlineData("GET", "/api/usage", 418, "application/problem+json", "{}", "add it to the responses of operation GetUsage (get /api/usage)")]
    [InlineData("GET", "/api/usage", 200, "text/plain", "{}", "the media type text/plain is not described")]
    [InlineData("DELETE", "/api/runs/r1", 204, "text/plain", "x", "there is a body")]
    [InlineData("GET", "/api/usage?dais=7", 200, "application/json", Usage, "the query parameter dais is not described")]
    [InlineData("GET", "/api/usage", 200, "application/json", """{"limits":{"perDay":1},"today":{"date":"2026-01-31","tokens":1,"requests":1,"costUsd":0.5},"days":[]}""", "/limits/perDay is not described: add it to components.schemas.UsageLimits in src/Functions/Http/OpenApi/users.json")]
    [InlineData("GET", "/api/usage", 200, "application/json", """{"limits":{},"days":[]}""", "today")]
    [InlineData("POST", "/api/runs/r1/events/ticket", 200, "application/json", """{"ticket":"t","expiresAt":"soon"}""", "/expiresAt: format")]
    [InlineData("POST", "/api/agents/a/runs", 202, "application/json", Ticket, "the header Location is missing")]
    [InlineData("GET", "/api/runs/r1/events", 200, "text/event-stream", "id: 1\nevent: model.delta\ndata: {\"turn\":1,\"words\":\"a\"}\n\n", "/data/words is not described")]
    [InlineData("GET", "/api/runs/r1/events", 200, "text/event-stream", "id: 1\nevent: model.sang\ndata: {}\n\n", "not as described")]
    [InlineData("GET", "/api/users/me/export", 200, "application/x-ndjson", "{\"type\":\"end\",\"items\":0}\n", "the header Content-Disposition is missing")]
    [InlineData("GET", "/api/batches/b1/results", 200, "application/x-ndjson", "{\"id\":\"i\",\"status\":\"completed\",\"mood\":\"good\"}\n", "/mood is not described")]
    public async Task Answer_that_is_not_as_described_is_named(string verb, string path, int status, string mediaType, string body, string message)
    {
        var violation = await Assert.ThrowsAsync<ContractViolationException>(() => SendAsync(verb, path, status, mediaType, body));

        Assert.Contains(message, violation.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/callback-secret", """{"secret":null}""", true)]
    [InlineData("/api/callback-secret", """{"secret":"x","mood":"good"}""", false)]
    [InlineData("/api/callback-secret", """{"secret":7}""", false)]
    public async Task Request_that_was_accepted_is_held_against_its_schema(string path, string sent, bool isDescribed)
    {
        var send = SendAsync("PUT", path, 200, "application/json", """{"createdAt":"2026-01-31T12:00:00Z"}""", sent);

        var violation = await Record.ExceptionAsync(() => send);

        Assert.Equal(isDescribed, violation is null);
        Assert.True(violation is null or ContractViolationException);
    }

    private static async Task<HttpStatusCode> SendAsync(string verb, string path, int status, string? mediaType, string body, string? sent = null)
    {
        using var http = new HttpClient(new ContractHandler(new Scripted(status, mediaType, body))) { BaseAddress = new Uri("http://app.test") };
        using var request = new HttpRequestMessage(new HttpMethod(verb), path)
        {
            Content = sent is null ? null : new StringContent(sent, Encoding.UTF8, "application/json"),
        };
        using var response = await http.SendAsync(request);
        return response.StatusCode;
    }

    /// <summary>The same answer to everything.</summary>
    private sealed class Scripted(int status, string? mediaType, string body) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage((HttpStatusCode)status)
            {
                RequestMessage = request,
                Content = mediaType is null ? new ByteArrayContent([]) : new StringContent(body, Encoding.UTF8, mediaType),
            });
    }
}
