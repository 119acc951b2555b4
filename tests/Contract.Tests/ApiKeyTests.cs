using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>API keys: made, used, revoked, and what their holders may not.</summary>
[Collection(UsersHost.Name)]
public class ApiKeyTests(ContractFixture app)
{
    private const string Keys = "/api/keys";

    /// <summary>The functions that no key opens. One that is new is closed to keys, until it is put here or into <c>ApiKeyFunctionRights</c>.</summary>
    private static readonly string[] Closed =
    [
        "CreateApiKey", "ListApiKeys", "GetApiKey", "RevokeApiKey", "ListApiKeysOfUser", "RevokeApiKeyOfUser",
        "PutAgent", "DeleteAgent", "ShareAgent", "UnshareAgent", "PutSchedule", "GetSchedule", "ListSchedules", "DeleteSchedule",
        "PutCallbackSecret", "GetCallbackSecret", "DisableUser", "EnableUser", "SetUserLimits", "GetUserLimits", "ExportUserData", "DeleteUserData",
        "ListPoison", "ReplayPoison", "ListHealth", "ListErrors", "ResolveError", "ReopenError",
        "ListMcpServers", "GetMcpServer", "RefreshMcpServer", "ListMcpTools", "ApproveMcpTool", "WithdrawMcpTool",
    ];

    private readonly string _user = $"kate{Guid.NewGuid():N}";

    /// <summary>Routes that no key opens.</summary>
    public static TheoryData<string> PersonalRoutes => new(
        "POST /api/keys", "GET /api/keys", "GET /api/keys/key_0123456789abcdef", "DELETE /api/keys/key_0123456789abcdef",
        "PUT /api/agents/x1", "DELETE /api/agents/x1", "PUT /api/agents/x1/shares/eve", "DELETE /api/agents/x1/shares/eve",
        "GET /api/schedules", "GET /api/schedules/x1", "PUT /api/schedules/x1", "DELETE /api/schedules/x1",
        "PUT /api/callback-secret", "GET /api/callback-secret", "GET /api/users/me/export", "DELETE /api/users/me/data",
        "GET /api/users/{user}/keys", "DELETE /api/users/{user}/keys/key_0123456789abcdef",
        "PUT /api/users/{user}/disabled", "DELETE /api/users/{user}/disabled", "PUT /api/users/{user}/limits", "GET /api/users/{user}/limits",
        "GET /api/errors", "GET /api/poison", "GET /api/mcp/servers", "GET /api/health/history");

    [Fact]
    public async Task Key_is_shown_once_and_opens_both_apis_as_its_user()
    {
        var (created, document) = await CreateAsync("""{"name":"laptop","expiresAt":"2099-01-31T12:00:00+01:00","requestsPerMinute":60,"tokensPerDay":100000}""");
        var key = document.Text("key");

        using var listed = await AsAsync(key, HttpMethod.Get, "/api/agents");
        using var models = await AsAsync(key, HttpMethod.Get, "/v1/models");
        using var own = await AsUserAsync(HttpMethod.Get, Keys);
        using var one = await AsUserAsync(HttpMethod.Get, $"{Keys}/{document.Text("id")}");
        var (all, read) = (await own.Content.ReadAsStringAsync(), await one.Content.ReadAsStringAsync());

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.True(created.Headers.CacheControl!.NoStore);
        Assert.Equal($"{Keys}/{document.Text("id")}", created.Headers.Location!.ToString());
        Assert.Matches("^ygk_[0-9a-f]{88}$", key);
        Assert.Equal(("laptop", "run", 60), (document.Text("name"), document.GetProperty("scopes").Text("access"), document.GetProperty("requestsPerMinute").GetInt32()));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (listed.StatusCode, models.StatusCode));
        Assert.Contains("\"assistant\"", await models.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var shown = Assert.Single(JsonSerializer.Deserialize<JsonElement>(all).GetProperty("items").EnumerateArray());
        Assert.Equal(document.Text("id"), shown.Text("id"));
        Assert.True(shown.TryGetProperty("lastUsedAt", out _));
        Assert.DoesNotContain(key[20..84], all + read, StringComparison.Ordinal);
        Assert.False(JsonSerializer.Deserialize<JsonElement>(read).TryGetProperty("key", out _));
        created.Dispose();
    }

    [Theory]
    [InlineData("""{}""", "name")]
    [InlineData("""{"name":""}""", "name")]
    [InlineData("""{"name":"a\nb"}""", "name")]
    [InlineData("""{"name":"k","expiresAt":"2001-01-01T00:00:00Z"}""", "expiresAt")]
    [InlineData("""{"name":"k","expiresAt":"2099-01-01T00:00:00"}""", "expiresAt")]
    [InlineData("""{"name":"k","expiresAt":"tomorrow"}""", "expiresAt")]
    [InlineData("""{"name":"k","expiresAt":1}""", "expiresAt")]
    [InlineData("""{"name":"k","scopes":[]}""", "scopes")]
    [InlineData("""{"name":"k","scopes":{"access":"write"}}""", "scopes.access")]
    [InlineData("""{"name":"k","scopes":{"agents":[]}}""", "scopes.agents")]
    [InlineData("""{"name":"k","scopes":{"agents":["nobodys"]}}""", "scopes.agents[0]")]
    [InlineData("""{"name":"k","scopes":{"agents":"assistant"}}""", "scopes.agents")]
    [InlineData("""{"name":"k","scopes":{"roles":["admin"]}}""", "scopes.roles")]
    [InlineData("""{"name":"k","requestsPerMinute":0}""", "requestsPerMinute")]
    [InlineData("""{"name":"k","tokensPerDay":-1}""", "tokensPerDay")]
    [InlineData("""{"name":"k","costPerDayUsd":1}""", "costPerDayUsd")]
    public async Task Wrong_field_is_named_and_no_key_made(string body, string field)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, Keys, body, app.As(_user));
        using var keys = await AsUserAsync(HttpMethod.Get, Keys);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await response.ReadAsync()).GetProperty("errors").TryGetProperty(field, out _), field);
        Assert.Empty((await keys.ReadAsync()).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Revoked_key_is_refused_in_the_words_of_each_api()
    {
        var (id, key) = await KeyAsync();

        using var revoked = await AsUserAsync(HttpMethod.Delete, $"{Keys}/{id}");
        using var again = await AsUserAsync(HttpMethod.Delete, $"{Keys}/{id}");
        using var api = await AsAsync(key, HttpMethod.Get, "/api/runs");
        using var openai = await AsAsync(key, HttpMethod.Get, "/v1/models");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NotFound), (revoked.StatusCode, again.StatusCode));
        Assert.Equal((HttpStatusCode.Unauthorized, "unauthenticated"), (api.StatusCode, (await api.ReadAsync()).Text("code")));
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_api_key"), (openai.StatusCode, (await openai.ReadAsync()).GetProperty("error").Text("code")));
        Assert.Equal("Bearer error=\"invalid_token\"", Assert.Single(api.Headers.WwwAuthenticate).ToString());
    }

    [Theory]
    [InlineData("cut off")]
    [InlineData("wrong checksum")]
    [InlineData("unknown")]
    [InlineData("10,000 characters")]
    [InlineData("twice")]
    [InlineData("prefix alone")]
    [InlineData("as a query")]
    public async Task What_is_no_key_is_401_in_the_same_words(string situation)
    {
        var (_, key) = await KeyAsync();
        var sent = situation switch
        {
            "cut off" => key[..^10],
            "wrong checksum" => key[..^1] + (key[^1] == '0' ? '1' : '0'),
            "unknown" => Rechecked("ygk_" + new string('0', 80)),
            "10,000 characters" => "ygk_" + new string('a', 10_000),
            "twice" => $"{key}, Bearer {key}",
            _ => "ygk_",
        };

        using var http = new HttpClient { BaseAddress = app.Http.BaseAddress };
        using var response = situation == "as a query"
            ? await http.GetAsync(new Uri($"/api/runs?key={key}&api_key={key}", UriKind.Relative))
            : await AsAsync(sent, HttpMethod.Get, "/api/runs");

        if (situation == "as a query")
        {
            Assert.NotEqual(HttpStatusCode.InternalServerError, response.StatusCode);
            Assert.DoesNotContain(_user, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            return;
        }

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("The API key is not valid, or no longer valid.", (await response.ReadAsync()).Text("detail"));
    }

    [Fact]
    public async Task Expired_key_is_named_to_its_holder()
    {
        var (_, key) = await KeyAsync($$"""{"name":"k","expiresAt":"{{DateTimeOffset.UtcNow.AddSeconds(2):O}}"}""");

        await Poll.UntilAsync(async () =>
        {
            using var response = await AsAsync(key, HttpMethod.Get, "/api/runs");
            return response.StatusCode == HttpStatusCode.Unauthorized && (await response.ReadAsync()).Text("code") == "key_expired";
        });
        using var openai = await AsAsync(key, HttpMethod.Get, "/v1/models");
        Assert.Equal("invalid_api_key", (await openai.ReadAsync()).GetProperty("error").Text("code"));
    }

    [Theory]
    [MemberData(nameof(PersonalRoutes))]
    public async Task Key_opens_nothing_that_a_person_or_an_operator_does(string route)
    {
        var (_, key) = await KeyAsync(byAdmin: true);
        var (method, path) = (route.Split(' ')[0], route.Split(' ')[1].Replace("{user}", _user, StringComparison.Ordinal));

        using var response = await AsAsync(key, new HttpMethod(method), path, method == "PUT" || method == "POST" ? """{"name":"another"}""" : "");

        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
    }

    [Fact]
    public async Task Every_function_is_open_to_keys_or_closed_because_somebody_said_so()
    {
        var (_, key) = await KeyAsync();
        HashSet<string> closed = [];
        foreach (var (name, verb, path) in HttpFunctions.All)
        {
            using var response = await AsAsync(key, new HttpMethod(verb), path, verb is "POST" or "PUT" ? "{}" : "");
            if (response.StatusCode == HttpStatusCode.Forbidden
                && (await response.Content.ReadAsStringAsync()).Contains("this needs an access token of your own", StringComparison.Ordinal))
            {
                closed.Add(name);
            }
        }

        Assert.Equal(Closed.Order(StringComparer.Ordinal), closed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Admins_key_names_no_other_user_and_sees_no_checks()
    {
        var (_, key) = await KeyAsync(byAdmin: true);

        using var others = await AsAsync(key, HttpMethod.Get, $"/api/runs?userId=alice");
        using var health = await AsAsync(key, HttpMethod.Get, "/health");

        Assert.Equal(HttpStatusCode.Forbidden, others.StatusCode);
        Assert.False((await health.ReadAsync()).TryGetProperty("checks", out _));
    }

    [Fact]
    public async Task Key_for_reading_starts_and_changes_nothing()
    {
        var run = await RunAsync("assistant");
        var (_, key) = await KeyAsync("""{"name":"k","scopes":{"access":"read"}}""");
        (HttpMethod Method, string Path, string Body)[] attempts =
        [
            (HttpMethod.Post, "/api/agents/assistant/runs", """{"input":"Hi"}"""),
            (HttpMethod.Post, "/api/agents/assistant/invoke", """{"input":"Hi"}"""),
            (HttpMethod.Post, "/api/batches", """{"agent":"assistant","items":[{"id":"a","input":"Hi"}]}"""),
            (HttpMethod.Post, $"/api/runs/{run}/fork", """{"fromTurn":1}"""),
            (HttpMethod.Post, $"/api/runs/{run}/cancel", ""),
            (HttpMethod.Post, $"/api/runs/{run}/approvals/t1c0", """{"decision":"approve","argumentsHash":"x"}"""),
            (HttpMethod.Delete, $"/api/runs/{run}", ""),
            (HttpMethod.Post, "/v1/chat/completions", """{"model":"assistant","messages":[{"role":"user","content":"Hi"}]}"""),
            (HttpMethod.Post, "/v1/responses", """{"model":"assistant","input":"Hi"}"""),
        ];

        foreach (var (method, path, body) in attempts)
        {
            using var refused = await AsAsync(key, method, path, body);
            Assert.True(refused.StatusCode == HttpStatusCode.Forbidden, $"{path}: {refused.StatusCode}");
        }

        using var read = await AsAsync(key, HttpMethod.Get, $"/api/runs/{run}");
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
    }

    [Fact]
    public async Task Key_has_the_limits_of_its_own_beside_its_users()
    {
        var (_, key) = await KeyAsync("""{"name":"k","requestsPerMinute":1}""");
        var (_, other) = await KeyAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));
        const string Body = """{"input":"Hi"}""";

        using var first = await AsAsync(key, HttpMethod.Post, "/api/agents/assistant/invoke", Body);
        using var second = await AsAsync(key, HttpMethod.Post, "/api/agents/assistant/invoke", Body);
        using var chat = await AsAsync(key, HttpMethod.Post, "/v1/chat/completions", """{"model":"assistant","messages":[{"role":"user","content":"Hi"}]}""");
        using var unlimited = await AsAsync(other, HttpMethod.Post, "/api/agents/assistant/invoke", Body);

        Assert.Equal("1", Assert.Single(first.Headers.GetValues("RateLimit-Limit")));
        var refusal = await second.ReadAsync();
        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limited"), (second.StatusCode, refusal.Text("code")));
        Assert.Contains("this API key", refusal.Text("detail"), StringComparison.Ordinal);
        Assert.Equal("rate_limit_exceeded", (await chat.ReadAsync()).GetProperty("error").Text("code"));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, unlimited.StatusCode));
    }

    [Fact]
    public async Task Budget_of_a_key_stops_its_durable_runs_and_nobody_elses()
    {
        var (_, key) = await KeyAsync("""{"name":"k","tokensPerDay":0}""");
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));

        using var refused = await AsAsync(key, HttpMethod.Post, "/api/agents/assistant/runs", """{"input":"Hi"}""");
        var own = await RunAsync("assistant");

        Assert.Equal((HttpStatusCode.TooManyRequests, "quota_exceeded"), (refused.StatusCode, (await refused.ReadAsync()).Text("code")));
        Assert.NotEmpty(own);
    }

    [Fact]
    public async Task Keys_are_bounded_in_number()
    {
        for (var i = 0; i < 20; i++)
        {
            await KeyAsync();
        }

        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, Keys, """{"name":"k"}""", app.As(_user));
        using var page = await AsUserAsync(HttpMethod.Get, $"{Keys}?limit=15");
        var first = await page.ReadAsync();
        using var rest = await AsUserAsync(HttpMethod.Get, $"{Keys}?limit=15&after={first.Text("next")}");
        using var foreign = await AsUserAsync(HttpMethod.Get, $"{Keys}?after=cnVuIQ");

        Assert.Equal((HttpStatusCode.Conflict, "too_many_keys"), (refused.StatusCode, (await refused.ReadAsync()).Text("code")));
        Assert.Equal((15, 5), (first.GetProperty("items").GetArrayLength(), (await rest.ReadAsync()).GetProperty("items").GetArrayLength()));
        Assert.Equal(HttpStatusCode.BadRequest, foreign.StatusCode);
    }

    [Fact]
    public async Task Disabled_users_keys_do_not_work_and_come_back_with_the_user()
    {
        var (_, key) = await KeyAsync();
        var root = app.As("root", "admin");

        using var disabled = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/users/{_user}/disabled", "", root);
        using var refused = await AsAsync(key, HttpMethod.Get, "/api/runs");
        using var enabled = await app.Http.SendJsonAsync(HttpMethod.Delete, $"/api/users/{_user}/disabled", "", root);
        using var back = await AsAsync(key, HttpMethod.Get, "/api/runs");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (disabled.StatusCode, enabled.StatusCode));
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (refused.StatusCode, back.StatusCode));
    }

    [Theory]
    [InlineData("operator")]
    [InlineData("admin")]
    public async Task Operators_see_and_revoke_the_keys_of_a_user_and_others_do_not(string role)
    {
        var (id, key) = await KeyAsync();
        var (path, by) = ($"/api/users/{_user}/keys", app.As("olga", role));
        if (app is not JwtContractFixture && role == "operator")
        {
            // The development mode knows admins only.
            return;
        }

        using var mallory = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", app.As("mallory"));
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Delete, $"{path}/{id}", "", app.As("mallory"));
        using var list = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", by);
        using var unknown = await app.Http.SendJsonAsync(HttpMethod.Delete, $"{path}/key_0123456789abcdef", "", by);
        using var elsewhere = await app.Http.SendJsonAsync(HttpMethod.Delete, $"/api/users/alice/keys/{id}", "", by);
        using var works = await AsAsync(key, HttpMethod.Get, "/api/runs");
        using var revoked = await app.Http.SendJsonAsync(HttpMethod.Delete, $"{path}/{id}", "", by);
        using var gone = await AsAsync(key, HttpMethod.Get, "/api/runs");

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (mallory.StatusCode, refused.StatusCode));
        Assert.Equal(id, Assert.Single((await list.ReadAsync()).GetProperty("items").EnumerateArray()).Text("id"));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.OK), (unknown.StatusCode, elsewhere.StatusCode, works.StatusCode));
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.Unauthorized), (revoked.StatusCode, gone.StatusCode));
    }

    [Fact]
    public async Task Ticket_of_a_key_ends_with_the_key()
    {
        var run = await RunAsync("assistant");
        var (id, key) = await KeyAsync("""{"name":"k","scopes":{"access":"read"}}""");
        using var issued = await AsAsync(key, HttpMethod.Post, $"/api/runs/{run}/events/ticket");
        var address = new Uri($"/api/runs/{run}/events?ticket={(await issued.ReadAsync()).Text("ticket")}", UriKind.Relative);
        using var http = new HttpClient { BaseAddress = app.Http.BaseAddress };

        using var before = await http.GetAsync(address);
        using var revoked = await AsUserAsync(HttpMethod.Delete, $"{Keys}/{id}");
        using var after = await http.GetAsync(address);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (before.StatusCode, after.StatusCode));
    }

    [Fact]
    public async Task Keys_are_exported_without_hash_and_removed_with_the_users_data()
    {
        var (id, key) = await KeyAsync("""{"name":"of the trading desk"}""");

        using var export = await AsUserAsync(HttpMethod.Get, "/api/users/me/export");
        var line = (await export.Content.ReadAsStringAsync()).Split('\n').Single(text => text.Contains("api_key", StringComparison.Ordinal));
        using var deleted = await AsUserAsync(HttpMethod.Delete, "/api/users/me/data");
        using var list = await AsUserAsync(HttpMethod.Get, Keys);

        Assert.Contains(id, line, StringComparison.Ordinal);
        Assert.Contains("of the trading desk", line, StringComparison.Ordinal);
        Assert.DoesNotContain("hash", line, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Empty((await list.ReadAsync()).GetProperty("items").EnumerateArray());
        await Poll.UntilAsync(async () =>
        {
            using var refused = await AsAsync(key, HttpMethod.Get, "/api/runs");
            return refused.StatusCode == HttpStatusCode.Unauthorized;
        });
    }

    [Fact]
    public async Task Key_is_in_no_log()
    {
        var (_, key) = await KeyAsync();
        using var used = await AsAsync(key, HttpMethod.Get, $"/api/runs?limit={key}");

        Assert.DoesNotContain(key[20..84], app.Output, StringComparison.Ordinal);
    }

    private static string Rechecked(string text) =>
        text + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(text)).AsSpan(0, 4));

    private async Task<(HttpResponseMessage Response, JsonElement Key)> CreateAsync(string body, bool byAdmin = false)
    {
        var response = await app.Http.SendJsonAsync(HttpMethod.Post, Keys, body, byAdmin ? app.As(_user, "admin") : app.As(_user));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Created, text);
        return (response, JsonSerializer.Deserialize<JsonElement>(text));
    }

    private async Task<(string Id, string Key)> KeyAsync(string body = """{"name":"k"}""", bool byAdmin = false)
    {
        var (response, key) = await CreateAsync(body, byAdmin);
        using (response)
        {
            return (key.Text("id"), key.Text("key"));
        }
    }

    private async Task<string> RunAsync(string agent)
    {
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));
        using var response = await app.Http.PostRunAsync(agent, new { input = "Hi" }, ("Prefer", "wait=60"), app.As(_user));
        return (await response.ReadAsync()).Text("id");
    }

    private Task<HttpResponseMessage> AsUserAsync(HttpMethod method, string path) => app.Http.SendJsonAsync(method, path, "", app.As(_user));

    private Task<HttpResponseMessage> AsAsync(string key, HttpMethod method, string path, string body = "") =>
        app.Http.SendJsonAsync(method, path, body, ("Authorization", $"Bearer {key}"));
}
