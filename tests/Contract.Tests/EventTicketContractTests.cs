using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Readers without a header.</summary>
[Collection(RunsHost.Name)]
public class EventTicketContractTests(ContractFixture app)
{
    [Fact]
    public async Task Ticket_reads_the_events_of_its_run_and_says_until_when()
    {
        var id = await FinishedRunAsync("alice");
        var issued = await IssueAsync(id, app.As("alice"));

        var events = await EventClient.ReadAllAsync(Stranger(), id, query: $"?ticket={issued.Text("ticket")}");

        Assert.Equal(["run.started", "model.completed", "run.completed"], events.Select(item => item.Type));
        Assert.InRange(issued.GetProperty("expiresAt").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(3), DateTimeOffset.UtcNow.AddMinutes(6));
        Assert.Matches("^[A-Za-z0-9_-]+$", issued.Text("ticket"));
    }

    [Fact]
    public async Task Ticket_for_another_run_or_a_changed_one_is_401()
    {
        var (id, other) = (await FinishedRunAsync("alice"), await FinishedRunAsync("alice"));
        var ticket = (await IssueAsync(id, app.As("alice"))).Text("ticket");
        var changed = Enumerable.Range(0, 12)
            .Select(index => 4 + (index * (ticket.Length - 5) / 11))
            .Select(at => ticket[..at] + (ticket[at] == 'A' ? 'B' : 'A') + ticket[(at + 1)..]);
        string[] refused = [.. changed, "", "x", "ygt_", ticket[..^4], ticket + "AAAA", "dev:alice"];

        using var elsewhere = await EventClient.GetAsync(Stranger(), other, query: $"?ticket={ticket}");

        Assert.Equal(HttpStatusCode.Unauthorized, elsewhere.StatusCode);
        foreach (var attempt in refused)
        {
            using var response = await EventClient.GetAsync(Stranger(), id, query: $"?ticket={Uri.EscapeDataString(attempt)}");
            Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{attempt}: {response.StatusCode}");
            Assert.Equal("unauthenticated", (await response.ReadAsync()).Text("code"));
        }
    }

    [Theory]
    [InlineData("GET", "/api/runs/{id}")]
    [InlineData("GET", "/api/runs/{id}/steps")]
    [InlineData("GET", "/api/runs")]
    [InlineData("POST", "/api/runs/{id}/events/ticket")]
    public async Task Ticket_opens_no_other_route(string method, string path)
    {
        var id = await FinishedRunAsync("carol");
        var ticket = (await IssueAsync(id, app.As("carol"))).Text("ticket");
        var target = $"{path.Replace("{id}", id, StringComparison.Ordinal)}?ticket={ticket}";

        using var asQuery = await Stranger().SendJsonAsync(new HttpMethod(method), target, "");
        using var asToken = await Stranger().SendJsonAsync(new HttpMethod(method), target.Split('?')[0], "", ("Authorization", $"Bearer {ticket}"));

        Assert.True(asQuery.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized, $"{asQuery.StatusCode}");
        Assert.Equal(HttpStatusCode.Unauthorized, asToken.StatusCode);
    }

    [Fact]
    public async Task Ticket_of_an_admin_reads_another_users_run()
    {
        var id = await FinishedRunAsync("alice");
        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/events/ticket?userId=alice", "", app.As("root", "admin"));

        var events = await EventClient.ReadAllAsync(Stranger(), id, query: $"?ticket={(await response.ReadAsync()).Text("ticket")}&userId=alice");

        Assert.Equal("run.completed", events[^1].Type);
    }

    [Fact]
    public async Task Ticket_of_a_user_who_was_disabled_since_is_401()
    {
        var user = $"u{Guid.NewGuid():N}";
        var id = await FinishedRunAsync(user);
        var ticket = (await IssueAsync(id, app.As(user))).Text("ticket");

        using var disabled = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/users/{user}/disabled", "", app.As("root", "admin"));
        using var response = await EventClient.GetAsync(Stranger(), id, query: $"?ticket={ticket}");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.Unauthorized), (disabled.StatusCode, response.StatusCode));
    }

    [Fact]
    public async Task Ticket_is_issued_for_runs_of_ones_own_only()
    {
        var id = await FinishedRunAsync("alice");

        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/events/ticket", "", app.As("mallory"));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    private HttpClient Stranger() => new() { BaseAddress = app.Http.BaseAddress };

    private async Task<JsonElement> IssueAsync(string id, (string, string) caller)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/events/ticket", "", caller);
        Assert.Equal((HttpStatusCode.OK, true), (response.StatusCode, response.Headers.CacheControl?.NoStore));
        return await response.ReadAsync();
    }

    private async Task<string> FinishedRunAsync(string user)
    {
        app.Model.Enqueue(ModelReply.Text("Hello."));
        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/ticketed", """{"model":"openai:scripted"}""", app.As(user));
        using var response = await app.Http.PostRunAsync("ticketed", new { input = "Hello" }, ("Prefer", "wait=60"), app.As(user));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return (await response.ReadAsync()).Text("id");
    }
}
