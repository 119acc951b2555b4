using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Sends the requests of samples/requests.http as an editor does.</summary>
public sealed class SampleRequestTests(GuideHost host) : IClassFixture<GuideHost>
{
    [Fact]
    public async Task Every_request_of_the_tour_is_answered_as_its_comment_says()
    {
        var file = new HttpFile(await File.ReadAllTextAsync(Checkout.PathOf("samples", "requests.http")));
        using var http = new HttpClient();

        var (answers, byName) = await file.SendAsync(
            http, new Dictionary<string, string> { ["host"] = host.Process.Http.BaseAddress!.ToString().TrimEnd('/') });

        Assert.All(answers, answer => Assert.True(answer.Status is >= 200 and < 300, $"{answer.Request}: {answer.Status} {answer.Body}"));
        Assert.Equal(27, answers.Count);
        Assert.Equal("completed", Json(byName["waited"]).Text("status"));
        Assert.Contains("event: run.completed\n", byName["streamed"], StringComparison.Ordinal);
        Assert.Equal("calculator answered: 42", Json(byName["called"]).Text("output"));
        Assert.Equal("391/17 = 23.", Json(byName["continued"]).Text("output"));
        Assert.Contains("391", byName["chat"], StringComparison.Ordinal);
        Assert.StartsWith("resp_", Json(byName["response"]).Text("id"), StringComparison.Ordinal);
        var approved = await host.Process.Http.EndOfRunAsync(Json(byName["waiting"]).Text("id"), ("Authorization", "Bearer dev:local"));
        Assert.Contains("408", approved.Text("output"), StringComparison.Ordinal);
        var slow = await host.Process.Http.EndOfRunAsync(Json(byName["slow"]).Text("id"), ("Authorization", "Bearer dev:local"));
        Assert.Equal("cancelled", slow.Text("status"));
    }

    private static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);
}
