using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace Yggdrasil.LocalHost.Tests.Upgrades;

/// <summary>
/// What earlier versions stored is read and continued by this one. <c>RECORD_UPGRADE=0.1.0 dotnet test tests/LocalHost.Tests --filter UpgradeTests</c>
/// records what this build stores: docs/upgrading.md.
/// </summary>
public sealed class UpgradeTests : IDisposable
{
    private const string RecordVariable = "RECORD_UPGRADE";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Versions =>
        [.. Directory.GetFiles(Recording.Folder, "*.zip").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal)];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task There_is_a_recording()
    {
        if (Environment.GetEnvironmentVariable(RecordVariable) is { Length: > 0 } name)
        {
            await Recording.MakeAsync(name);
        }

        Assert.NotEmpty(Versions);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Data_of_a_version_is_read_and_its_runs_continue(string version)
    {
        var data = Path.Combine(_folder.FullPath, "data");
        await ZipFile.ExtractToDirectoryAsync(Path.Combine(Recording.Folder, $"{version}.zip"), data);
        var notes = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(data, Recording.Notes)))!;
        var aMinuteLater = notes["recordedAt"]!.GetValue<DateTimeOffset>() + TimeSpan.FromMinutes(1);
        await using var app = await UpgradedApp.StartAsync(data, aMinuteLater - DateTimeOffset.UtcNow);

        foreach (var (path, recorded) in notes["answers"]!.AsObject())
        {
            RequireKept(path, recorded, JsonNode.Parse(await app.Http.GetStringAsync(new Uri(path, UriKind.Relative))));
        }

        await RequireKeyAsync(app.Http, Text(notes, "key"));
        Assert.Equal("17*24 = 408.", await ApproveAsync(app.Http, Text(notes, "waiting")));
        Assert.Equal("17*25 = 425.", await ApproveAsync(app.Http, Text(notes, "enqueued")));
        await app.Http.SendAsync(HttpMethod.Post, $"/api/runs/{Text(notes, "suspended")}/resume", "");
        Assert.Equal("17*26 = 442.", await ApproveAsync(app.Http, Text(notes, "suspended")));
        await RequireConversationGoesOnAsync(app.Http);
    }

    private static async Task<string?> ApproveAsync(HttpClient http, string run)
    {
        var waiting = await http.UntilAsync(run, "waiting");
        var call = waiting.GetProperty("pendingApprovals")[0];
        await http.SendAsync(
            HttpMethod.Post, $"/api/runs/{run}/approvals/{call.GetProperty("callId").GetString()}",
            $$"""{"decision":"approve","argumentsHash":"{{call.GetProperty("argumentsHash").GetString()}}"}""");
        return (await http.UntilAsync(run, "completed")).GetProperty("output").GetString();
    }

    private static async Task RequireConversationGoesOnAsync(HttpClient http)
    {
        var before = await MessagesAsync();
        await http.UntilAsync(await http.RunAsync("helper", """{"input":"What is 391/17?","conversationId":"sums"}"""), "completed");

        var after = await MessagesAsync();
        Assert.Equal(before, after[..before.Count]);
        Assert.Contains("391/17 = 23.", after[^1], StringComparison.Ordinal);

        async Task<List<string>> MessagesAsync() =>
            [.. (await http.SendAsync(HttpMethod.Get, "/api/conversations/sums/messages", "")).GetProperty("items").EnumerateArray().Select(message => message.GetRawText())];
    }

    private static async Task RequireKeyAsync(HttpClient http, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/runs");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    /// <summary>Every recorded value is still there. More may be.</summary>
    private static void RequireKept(string where, JsonNode? recorded, JsonNode? found)
    {
        switch (recorded)
        {
            case JsonObject fields:
                Assert.All(fields, field => RequireKept($"{where} {field.Key}", field.Value, found?[field.Key]));
                break;
            case JsonArray items:
                Assert.True(items.Count == (found as JsonArray)?.Count, $"{where} had {items.Count} items: {found?.ToJsonString()}");
                Assert.All(items.Zip((JsonArray)found!), pair => RequireKept(where, pair.First, pair.Second));
                break;
            default:
                Assert.True(JsonNode.DeepEquals(recorded, found), $"{where} was {recorded?.ToJsonString()} and is {found?.ToJsonString()}");
                break;
        }
    }

    private static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();
}
