using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Export and deletion over HTTP: who may, and what is left.</summary>
[Collection(UsersHost.Name)]
public class UserDataContractTests(ContractFixture app)
{
    private readonly string _dora = $"dora{Guid.NewGuid():N}";

    [Theory]
    [InlineData("me", false)]
    [InlineData("", false)]
    [InlineData("", true)]
    public async Task User_or_admin_exports_and_deletes_everything(string path, bool byAdmin)
    {
        var run = await FillAsync();
        var id = path == "" ? _dora : path;
        var caller = byAdmin ? app.As("root", "admin") : app.As(_dora);

        using var export = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/users/{id}/export", "", caller);
        var lines = (await export.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line)).ToList();
        using var deleted = await app.Http.SendJsonAsync(HttpMethod.Delete, $"/api/users/{id}/data", "", caller);
        using var gone = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/runs/{run}", "", app.As(_dora));
        using var agents = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/agents", "", app.As(_dora));
        using var empty = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/users/me/export", "", app.As(_dora));

        Assert.Equal("application/x-ndjson", export.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["agent", "conversation", "message", "message", "run", "usage", "end"], lines.Select(line => line.Text("type")));
        Assert.Equal("Hello dora.", lines[3].GetProperty("message").Text("content"));
        var exported = lines[4];
        Assert.Equal((run, "Hello", "input"), (
            exported.GetProperty("run").Text("id"), exported.GetProperty("input")[0].Text("content"), exported.GetProperty("steps")[0].Text("kind")));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        Assert.Equal(["assistant"], (await agents.ReadAsync()).GetProperty("items").EnumerateArray().Select(agent => agent.Text("id")));
        Assert.Equal("""{"type":"end","items":0}""", (await empty.Content.ReadAsStringAsync()).Trim());
    }

    [Theory]
    [InlineData("GET", "export")]
    [InlineData("DELETE", "data")]
    public async Task Others_are_refused(string method, string what)
    {
        var run = await FillAsync();

        using var refused = await app.Http.SendJsonAsync(new HttpMethod(method), $"/api/users/{_dora}/{what}", "", app.As("mallory"));
        using var malformed = await app.Http.SendJsonAsync(new HttpMethod(method), $"/api/users/a%0Ab/{what}", "", app.As("root", "admin"));
        using var query = await app.Http.SendJsonAsync(new HttpMethod(method), $"/api/users/me/{what}?userId={_dora}", "", app.As("root", "admin"));
        using var kept = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/runs/{run}", "", app.As(_dora));

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, malformed.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, query.StatusCode);
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
    }

    [Fact]
    public async Task Deletion_ends_a_run_that_goes_on()
    {
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Too late.")));
        await PutAgentAsync();
        using var started = await app.Http.PostRunAsync("helper", new { input = "Hello", conversationId = "c" }, app.As(_dora));
        await gate.Reached;

        using var deleted = await app.Http.SendJsonAsync(HttpMethod.Delete, "/api/users/me/data", "", app.As(_dora));
        gate.Open();
        app.Model.RespondWith(_ => ModelReply.Text("Anew."));
        await PutAgentAsync();
        using var anew = await app.Http.PostRunAsync("helper", new { input = "Hello", conversationId = "c" }, ("Prefer", "wait=60"), app.As(_dora));
        using var messages = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/conversations/c/messages", "", app.As(_dora));

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal("Anew.", (await anew.ReadAsync()).Text("output"));
        Assert.Equal(["Hello", "Anew."], (await messages.ReadAsync()).GetProperty("items").EnumerateArray().Select(message => message.Text("content")));
    }

    private async Task<string> FillAsync()
    {
        app.Model.RespondWith(_ => ModelReply.Text("Hello dora."));
        await PutAgentAsync();
        using var response = await app.Http.PostRunAsync("helper", new { input = "Hello", conversationId = "c" }, ("Prefer", "wait=60"), app.As(_dora));
        return (await response.ReadAsync()).Text("id");
    }

    private async Task PutAgentAsync()
    {
        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/helper", """{"model":"openai:scripted"}""", app.As(_dora));
        put.EnsureSuccessStatusCode();
    }
}
