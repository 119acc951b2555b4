using System.IO.Compression;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Yggdrasil.Fixtures;

namespace Yggdrasil.LocalHost.Tests.Upgrades;

/// <summary>
/// The data folder of an app as one version of it left that folder: rows, blobs and queues of its storage, and the orchestrations in progress.
/// Beside them, in <c>recorded.json</c>, the ids, and what that version answered about them.
/// </summary>
internal static class Recording
{
    public const string Notes = "recorded.json";

    private const string Agent = """{"model":"demo:assistant","instructions":"Be brief.","tools":["calculator"],"maxTurns":10}""";
    private const string Careful = """{"model":"demo:assistant","tools":["calculator"],"approvals":["calculator"]}""";

    public static string Folder { get; } = Checkout.PathOf("tests", "LocalHost.Tests", "Upgrades", "Recorded");

    /// <summary>Uses this build of the app, and keeps what it leaves behind as <paramref name="name"/>.</summary>
    public static async Task MakeAsync(string name)
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.FullPath, "data");
        JsonObject notes;
        await using (var app = await UpgradedApp.StartAsync(data, TimeSpan.Zero))
        {
            notes = await UseAsync(app.Http);
        }

        File.Delete(Path.Combine(data, "localhost.lock"));
        await File.WriteAllTextAsync(Path.Combine(data, Notes), notes.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        Directory.CreateDirectory(Folder);
        var archive = Path.Combine(Folder, $"{name}.zip");
        File.Delete(archive);
        await ZipFile.CreateFromDirectoryAsync(data, archive, CompressionLevel.SmallestSize, includeBaseDirectory: false);
    }

    /// <summary>One of everything that is stored for long, in each state in which a run can wait.</summary>
    private static async Task<JsonObject> UseAsync(HttpClient http)
    {
        await http.SendAsync(HttpMethod.Put, "/api/agents/helper", Agent);
        await http.SendAsync(HttpMethod.Put, "/api/agents/careful", Careful);
        await http.SendAsync(HttpMethod.Put, "/api/agents/helper/shares/bob", "");
        await http.SendAsync(HttpMethod.Put, "/api/schedules/yearly", """{"agent":"helper","input":"What is 1+1?","cron":"0 3 1 1 *","timeZone":"Europe/Oslo"}""");

        var completed = await http.RunAsync("helper", """{"input":"What is 17*23?","conversationId":"sums","metadata":{"kept":"yes"}}""");
        await http.UntilAsync(completed, "completed");
        var waiting = await http.RunAsync("careful", """{"input":"What is 17*24?","conversationId":"approvals"}""");
        await http.UntilAsync(waiting, "waiting");
        var enqueued = await http.RunAsync("careful", """{"input":"What is 17*25?","conversationId":"approvals","onConflict":"enqueue"}""");
        var suspended = await http.RunAsync("careful", """{"input":"What is 17*26?"}""");
        await http.UntilAsync(suspended, "waiting");
        await http.SendAsync(HttpMethod.Post, $"/api/runs/{suspended}/suspend", "");
        await http.UntilAsync(suspended, "suspended");
        var batch = (await http.SendAsync(HttpMethod.Post, "/api/batches", """{"agent":"helper","items":[{"id":"a","input":"What is 2+3?"},{"id":"b","input":"What is 2+4?"}]}"""))
            .GetProperty("id").GetString()!;
        await Poll.UntilAsync(async () => (await http.GetFromJsonAsync<JsonElement>($"/api/batches/{batch}")).GetProperty("status").GetString() == "completed");
        var key = (await http.SendAsync(HttpMethod.Post, "/api/keys", """{"name":"kept"}""")).GetProperty("key").GetString();

        var answers = new JsonObject();
        foreach (var path in new[]
        {
            "/api/agents/helper", "/api/agents/careful", "/api/schedules/yearly", "/api/keys", $"/api/batches/{batch}", "/api/conversations/sums/messages",
            $"/api/runs/{completed}", $"/api/runs/{completed}/steps", $"/api/runs/{waiting}", $"/api/runs/{waiting}/steps", $"/api/runs/{enqueued}", $"/api/runs/{suspended}",
        })
        {
            answers[path] = JsonNode.Parse(await http.GetStringAsync(new Uri(path, UriKind.Relative)));
        }

        return new JsonObject
        {
            ["recordedAt"] = DateTimeOffset.UtcNow,
            ["waiting"] = waiting,
            ["enqueued"] = enqueued,
            ["suspended"] = suspended,
            ["key"] = key,
            ["answers"] = answers,
        };
    }
}

internal static class RecordedRequests
{
    /// <summary>The answer; any but a success fails the test.</summary>
    public static async Task<JsonElement> SendAsync(this HttpClient http, HttpMethod method, string path, string body)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    public static async Task<string> RunAsync(this HttpClient http, string agent, string body) =>
        (await http.SendAsync(HttpMethod.Post, $"/api/agents/{agent}/runs", body)).GetProperty("id").GetString()!;

    public static Task<JsonElement> UntilAsync(this HttpClient http, string run, string status) => Poll.UntilAsync(
        () => http.GetFromJsonAsync<JsonElement>($"/api/runs/{run}"), found => found.GetProperty("status").GetString() == status, $"{run} {status}");
}
