using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Many requests for one conversation at the same time.</summary>
[Collection(WorkHost.Name)]
public sealed class ConversationBurstTests(ContractFixture app)
{
    private const int Many = 40;

    private readonly string _talk = $"c-{Guid.NewGuid():N}";
    private readonly (string Name, string Value) _user = app.As($"u-{Guid.NewGuid():N}");

    [Fact]
    public async Task Forty_that_are_enqueued_at_once_are_all_accepted_and_run_in_the_order_of_lists()
    {
        var gate = new Gate();
        var asked = new ConcurrentQueue<string>();
        app.Model.RespondWith(request =>
        {
            var last = request.Messages[^1].Content;
            asked.Enqueue(last);
            return last == "first" ? ModelReply.Hang(gate, ModelReply.Text("Done.")) : ModelReply.Text("Done.");
        });
        var agent = await PutAgentAsync();
        using var first = await StartAsync(agent, "first", "reject");
        await gate.Reached;

        var answers = await Task.WhenAll(Enumerable.Range(0, Many).Select(number => StartAsync(agent, $"n{number}", "enqueue")));
        var queue = (await GetAsync($"/api/conversations/{_talk}")).GetProperty("queuedRunIds").EnumerateArray().Select(id => id.GetString()!).ToList();
        gate.Open();
        foreach (var id in queue)
        {
            Assert.Equal("completed", (await app.Http.EndOfRunAsync(id, _user)).Text("status"));
        }

        Assert.All(answers, answer => Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}"));
        var listed = (await GetAsync($"/api/runs?conversationId={_talk}&limit=100")).GetProperty("items").EnumerateArray().Reverse().Skip(1).ToList();
        Assert.Equal(Many, queue.Count);
        Assert.Equal(queue, listed.Select(run => run.Text("id")));
        Assert.Equal(queue, listed.OrderBy(run => run.GetProperty("startedAt").GetDateTimeOffset()).Select(run => run.Text("id")));
        Assert.Equal(Many + 1, asked.Distinct().Count());
    }

    [Fact]
    public async Task Of_many_that_are_to_be_refused_by_one_another_one_is_started()
    {
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        var agent = await PutAgentAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, Many).Select(number => StartAsync(agent, $"n{number}", "reject")));
        gate.Open();

        Assert.Equal(Many - 1, answers.Count(answer => answer.StatusCode == HttpStatusCode.Conflict));
        var started = Assert.Single(answers, answer => answer.IsSuccessStatusCode);
        Assert.Equal("completed", (await app.Http.EndOfRunAsync((await started.ReadAsync()).Text("id"), _user)).Text("status"));
    }

    [Fact]
    public async Task Many_that_interrupt_one_another_are_all_accepted_and_all_end()
    {
        app.Model.RespondWith(_ => ModelReply.Text("Done."));
        var agent = await PutAgentAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, Many).Select(number => StartAsync(agent, $"n{number}", "interrupt")));

        Assert.All(answers, answer => Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}"));
        foreach (var answer in answers)
        {
            var ended = await app.Http.EndOfRunAsync((await answer.ReadAsync()).Text("id"), _user);
            Assert.Contains(ended.Text("status"), (string[])["completed", "cancelled"]);
        }

        Assert.False((await GetAsync($"/api/conversations/{_talk}")).TryGetProperty("activeRunId", out _));
    }

    private async Task<string> PutAgentAsync()
    {
        var id = $"a{Guid.NewGuid():N}";
        using var response = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{id}", """{ "model": "openai:scripted" }""", _user);
        response.EnsureSuccessStatusCode();
        return id;
    }

    /// <summary>Starts a run; on a machine so slow that storage does not answer in time, as a client is to do then.</summary>
    private async Task<HttpResponseMessage> StartAsync(string agent, string input, string onConflict)
    {
        while (true)
        {
            var answer = await app.Http.PostRunAsync(
                agent, new { input, conversationId = _talk, onConflict }, _user, ("Idempotency-Key", $"{_talk}-{input}"));
            if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                return answer;
            }

            await Task.Delay(answer.Headers.RetryAfter!.Delta!.Value);
            answer.Dispose();
        }
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", _user);
        return await response.ReadAsync();
    }
}

/// <summary>The same from two instances, which cannot wait for each other.</summary>
public sealed class ConversationBurstOfTwoInstancesTests
{
    private const int Many = 20;

    [Fact]
    public async Task Bursts_from_two_instances_are_accepted_or_told_when_to_try_again()
    {
        await using var app = await KillableHost.StartAsync(_ => { });
        await using var other = await app.StartOtherAsync(_ => { });
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a1", """{ "model": "openai:scripted" }""");
        put.EnsureSuccessStatusCode();

        var ids = await Task.WhenAll(Enumerable.Range(0, 2 * Many).Select(number => AcceptedAsync(number % 2 == 0 ? app.Http : other.Http, number)));
        gate.Open();

        Assert.Equal(2 * Many, ids.Distinct().Count());
        foreach (var id in ids)
        {
            Assert.Equal("completed", (await app.Http.EndOfRunAsync(id)).Text("status"));
        }
    }

    private static async Task<string> AcceptedAsync(HttpClient http, int number)
    {
        while (true)
        {
            using var answer = await http.PostRunAsync(
                "a1", new { input = $"n{number}", conversationId = "talk", onConflict = "enqueue" }, ("Idempotency-Key", $"key-{number}"));
            if (answer.IsSuccessStatusCode)
            {
                return (await answer.ReadAsync()).Text("id");
            }

            Assert.Contains(answer.StatusCode, (HttpStatusCode[])[HttpStatusCode.TooManyRequests, HttpStatusCode.ServiceUnavailable]);
            await Task.Delay(answer.Headers.RetryAfter!.Delta!.Value);
        }
    }
}
