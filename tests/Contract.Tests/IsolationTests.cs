using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>What one user's slow runs, or one provider that hangs, leave to everybody else; and what a disabled user can still do.</summary>
public sealed class IsolationTests : IAsyncLifetime
{
    private const int Many = 100;

    /// <summary>Of the places of a provider those that one user gets.</summary>
    private const int ShareOfPlaces = 15;

    /// <summary>A busy machine cannot take a hundred starts at the same moment.</summary>
    private static readonly SemaphoreSlim Starts = new(8);

    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-isolation-").FullName;
    private readonly Gate _slow = new();
    private ScriptedModelServer _model = null!;
    private EffectServer _effects = null!;
    private LocalHostProcess _host = null!;

    public async Task InitializeAsync()
    {
        _model = await ScriptedModelServer.StartAsync();
        _effects = await EffectServer.StartAsync();
        var settings = ContractFixture.Settings(_model, _effects);
        settings["Providers__vllm__Endpoint"] = _model.Endpoint;
        settings["Providers__openai__TimeoutSeconds"] = "600";
        _host = await LocalHostProcess.StartAsync(_data, settings);
        _model.RespondWith(request => request.LastUserText.StartsWith("Slow", StringComparison.Ordinal)
            ? ModelReply.Text("This answer takes its time.") with { MidStreamGate = _slow }
            : ModelReply.Text("Done."));
    }

    public async Task DisposeAsync()
    {
        _slow.Open();
        await _host.DisposeAsync();
        await _model.DisposeAsync();
        await _effects.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }

    [Fact]
    public async Task Runs_and_batches_of_another_user_end_while_a_hundred_slow_streams_of_one_user_go_on()
    {
        await PutAgentAsync("alice", "openai:scripted");
        await PutAgentAsync("bob", "openai:scripted");
        var slow = await Task.WhenAll(Enumerable.Range(0, Many).Select(i => StartAsync("alice", $"Slow {i}", stream: true)));
        await _model.WaitForRequestAsync(ShareOfPlaces);

        // Nobody lets the slow ones go on before: these end beside them, or not at all.
        foreach (var input in new[] { "One", "Two", "Three" })
        {
            Assert.Equal("Done.", (await EndAsync("bob", await StartAsync("bob", input))).Text("output"));
        }

        var batch = JsonSerializer.Serialize(new { agent = "mine", items = new[] { new { id = "a", input = "Four" }, new { id = "b", input = "Five" } } });
        using var accepted = await _host.Http.SendJsonAsync(HttpMethod.Post, "/api/batches", batch, As("bob"));
        await BatchEndsAsync((await accepted.ReadAsync()).Text("id"));
        Assert.Equal(ShareOfPlaces, _model.Requests.Count(request => request.LastUserText.StartsWith("Slow", StringComparison.Ordinal)));
        Assert.All(await RunsOfAsync("alice"), run => Assert.Contains(run.Text("status"), (string[])["queued", "running"]));

        // All of the others come to their turn, too.
        _slow.Open();
        Assert.All(await Task.WhenAll(slow.Select(id => EndAsync("alice", id))), run => Assert.Equal("completed", run.Text("status")));
    }

    [Fact]
    public async Task Runs_on_another_provider_end_while_those_of_many_users_wait_for_one_that_hangs()
    {
        var users = Enumerable.Range(0, 25).Select(i => $"user{i}").ToList();
        await Task.WhenAll(users.Select(user => PutAgentAsync(user, "openai:scripted")));
        await PutAgentAsync("bob", "vllm:scripted");
        var slow = await Task.WhenAll(users.SelectMany(user => Enumerable.Range(0, 4).Select(async i => (user, Id: await StartAsync(user, $"Slow {i}", stream: true)))));
        await _model.WaitForRequestAsync(ShareOfPlaces);

        Assert.Equal("Done.", (await EndAsync("bob", await StartAsync("bob", "One"))).Text("output"));
        Assert.Equal("Done.", (await EndAsync("bob", await StartAsync("bob", "Two", stream: true))).Text("output"));

        _slow.Open();
        Assert.All(await Task.WhenAll(slow.Select(run => EndAsync(run.user, run.Id))), run => Assert.Equal("completed", run.Text("status")));
    }

    [Fact]
    public async Task Stream_of_a_disabled_user_ends_and_the_users_waiting_runs_stay_until_the_user_is_enabled()
    {
        await PutAgentAsync("carl", "openai:scripted");
        var first = await StartAsync("carl", "Slow one", stream: true, conversation: "talk");
        await _model.WaitForRequestAsync(1);
        var second = await StartAsync("carl", "Another", conversation: "talk");
        using var ticket = await _host.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{first}/events/ticket", "", As("carl"));
        var query = $"?ticket={Uri.EscapeDataString((await ticket.ReadAsync()).Text("ticket"))}";
        using var events = await EventClient.OpenAsync(_host.Http, first, query: query);

        using var disabled = await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/users/carl/disabled", "", As("root", ":admin"));
        Assert.DoesNotContain(await events.ReadToEndAsync(), told => told.Type.StartsWith("run.completed", StringComparison.Ordinal));
        using var again = await EventClient.GetAsync(_host.Http, first, query: query);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.Unauthorized), (disabled.StatusCode, again.StatusCode));

        // The call in flight is paid for, so it ends; what waited behind it does not begin.
        _slow.Open();
        await RunUntilAsync(first, "root", ":admin", run => run.Text("status") == "completed");
        await StaysAsync(second);
        using var enabled = await _host.Http.SendJsonAsync(HttpMethod.Delete, "/api/users/carl/disabled", "", As("root", ":admin"));

        Assert.Equal("Done.", (await EndAsync("carl", second)).Text("output"));
    }

    /// <summary>A run that must not go on has had every opportunity once the one of somebody else, started later, has ended.</summary>
    private async Task StaysAsync(string run)
    {
        await PutAgentAsync("bob", "openai:scripted");
        for (var later = 0; later < 3; later++)
        {
            await EndAsync("bob", await StartAsync("bob", "Later"));
        }

        using var response = await _host.Http.SendJsonAsync(HttpMethod.Get, $"/api/runs/{run}?userId=carl", "", As("root", ":admin"));
        Assert.Equal("queued", (await response.ReadAsync()).Text("status"));
    }

    private static (string Name, string Value) As(string user, string role = "") => ("Authorization", $"Bearer dev:{user}{role}");

    private async Task PutAgentAsync(string user, string model)
    {
        using var response = await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/mine", JsonSerializer.Serialize(new { model }), As(user));
        response.EnsureSuccessStatusCode();
    }

    private async Task<string> StartAsync(string user, string input, bool stream = false, string? conversation = null)
    {
        var body = conversation is null
            ? (object)new { input, stream }
            : new { input, stream, conversationId = conversation, onConflict = "enqueue" };
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await Starts.WaitAsync(timeout.Token);
        try
        {
            while (true)
            {
                using var response = await _host.Http.PostRunAsync("mine", body, As(user), key);
                if (response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.OK)
                {
                    return (await response.ReadAsync()).Text("id");
                }

                // Storage of a busy machine may need a moment, as clients know from the answer.
                Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
                await Task.Delay(TimeSpan.FromSeconds(1), timeout.Token);
            }
        }
        finally
        {
            Starts.Release();
        }
    }

    private Task<JsonElement> EndAsync(string user, string run) => _host.Http.EndOfRunAsync(run, As(user));

    private async Task<IReadOnlyList<JsonElement>> RunsOfAsync(string user)
    {
        using var response = await _host.Http.SendJsonAsync(HttpMethod.Get, $"/api/runs?limit={Many}", "", As(user));
        var runs = (await response.ReadAsync()).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(Many, runs.Count);
        return runs;
    }

    private Task<JsonElement> RunUntilAsync(string run, string user, string role, Func<JsonElement, bool> condition) =>
        _host.Http.RunUntilAsync($"{run}?userId=carl", condition, As(user, role));

    private Task<JsonElement> BatchEndsAsync(string id) =>
        _host.Http.UntilAsync($"/api/batches/{id}", batch => batch.Text("status") == "completed", As("bob"));
}
