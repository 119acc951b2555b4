using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Fixtures;
using Yggdrasil.Fixtures.OpenApi;

namespace Yggdrasil.Contract.Tests;

/// <summary>Callbacks over HTTP: the secret, the request for one, and what a receiver gets.</summary>
[Collection(WorkHost.Name)]
public class CallbackContractTests(ContractFixture app)
{
    private readonly string _user = $"u{Guid.NewGuid():N}";

    [Fact]
    public async Task Made_secret_is_shown_once_and_never_again()
    {
        using var none = await SecretAsync(HttpMethod.Get);
        using var made = await SecretAsync(HttpMethod.Put);
        using var read = await SecretAsync(HttpMethod.Get);
        using var second = await SecretAsync(HttpMethod.Put, "{}");

        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
        Assert.StartsWith("whsec_", (await made.ReadAsync()).Text("secret"), StringComparison.Ordinal);
        Assert.Equal(["createdAt"], (await read.ReadAsync()).EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            ["createdAt", "previousCreatedAt", "secret"], (await second.ReadAsync()).EnumerateObject().Select(property => property.Name).Order());
    }

    [Theory]
    [InlineData("""{"secret":"short"}""", "secret")]
    [InlineData("""{"secret":7}""", "secret")]
    [InlineData("""{"key":"x"}""", "key")]
    [InlineData("[]", "body")]
    public async Task Secret_that_is_none_is_400(string body, string field)
    {
        using var response = await SecretAsync(HttpMethod.Put, body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await response.ReadAsync()).GetProperty("errors").TryGetProperty(field, out _));
    }

    [Theory]
    [InlineData("""{"url":"http://example.com/"}""", "callback.url")]
    [InlineData("""{"url":"https://169.254.169.254/"}""", "callback.url")]
    [InlineData("""{"url":7}""", "callback.url")]
    [InlineData("{}", "callback.url")]
    [InlineData("""{"url":"https://example.com/","method":"PUT"}""", "callback.method")]
    [InlineData("\"https://example.com/\"", "callback")]
    public async Task Callback_that_cannot_be_is_400_and_starts_nothing(string callback, string field)
    {
        using var secret = await SecretAsync(HttpMethod.Put);
        using var response = await StartAsync(callback);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await response.ReadAsync()).GetProperty("errors").TryGetProperty(field, out _));
        using var list = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/runs", "", app.As(_user));
        Assert.Empty((await list.ReadAsync()).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Callback_without_a_secret_is_400()
    {
        using var response = await StartAsync("""{"url":"https://example.com/"}""");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("callback-secret", (await response.ReadAsync()).GetProperty("errors").GetProperty("callback")[0].GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wait=60")]
    [InlineData("wait=0")]
    public async Task Receiver_is_told_of_the_end_and_the_run_says_so(string prefer)
    {
        using var made = await SecretAsync(HttpMethod.Put);
        var secret = (await made.ReadAsync()).Text("secret");
        await using var receiver = await Receiver.StartAsync(failures: 1);
        using var response = await StartAsync(JsonSerializer.Serialize(new { url = receiver.Url }), ("Prefer", prefer));
        var id = (await response.ReadAsync()).Text("id");

        var messages = await receiver.TakeAsync(2);
        var run = await CallbackAsync(id, "delivered");

        Assert.All(messages, message => Assert.Equal(Sign(secret, message), message.Signature));
        Assert.Single(messages.Select(message => (message.Id, message.Body)).Distinct());
        var body = JsonSerializer.Deserialize<JsonElement>(messages[0].Body);
        Assert.Equal("run.completed", body.Text("type"));
        Assert.Equal((id, "completed", "completed"), (
            body.GetProperty("data").Text("id"), body.GetProperty("data").Text("status"), body.GetProperty("data").Text("stopReason")));
        Assert.Equal(2, run.GetProperty("callback").GetProperty("attempts").GetInt32());
        Assert.DoesNotContain("content of the answer", messages[0].Body, StringComparison.Ordinal);
    }

    private static string Sign(string secret, Message message)
    {
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var signed = Encoding.UTF8.GetBytes($"{message.Id}.{message.Timestamp}.{message.Body}");
        return $"v1,{Convert.ToBase64String(HMACSHA256.HashData(key, signed))}";
    }

    private Task<HttpResponseMessage> SecretAsync(HttpMethod method, string body = "") =>
        app.Http.SendJsonAsync(method, "/api/callback-secret", body, app.As(_user));

    private async Task<HttpResponseMessage> StartAsync(string callback, params (string Name, string Value)[] headers)
    {
        app.Model.RespondWith(_ => ModelReply.Text("The content of the answer."));
        var agent = $"a{Guid.NewGuid():N}";
        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{agent}", """{"model":"openai:scripted"}""", app.As(_user));
        put.EnsureSuccessStatusCode();
        return await app.Http.SendJsonAsync(
            HttpMethod.Post, $"/api/agents/{agent}/runs", $$"""{"input":"Hello","callback":{{callback}}}""", [app.As(_user), .. headers]);
    }

    private Task<JsonElement> CallbackAsync(string runId, string status) =>
        app.Http.RunUntilAsync(runId, run => run.GetProperty("callback").Text("status") == status, app.As(_user));
}

/// <summary>A message as a receiver gets it.</summary>
internal sealed record Message(string Id, string Timestamp, string Signature, string Body);

/// <summary>A receiver of callbacks that fails for a while.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<Message> _messages = new();
    private LoopbackServer _server = null!;
    private int _failures;

    public string Url => new Uri(_server.Address, "/hook").AbsoluteUri;

    public static async Task<Receiver> StartAsync(int failures = 0)
    {
        var receiver = new Receiver { _failures = failures };
        receiver._server = await LoopbackServer.StartAsync(receiver.AnswerAsync);
        return receiver;
    }

    /// <summary>Waits for as many messages.</summary>
    public async Task<IReadOnlyList<Message>> TakeAsync(int count)
    {
        await Poll.UntilAsync(() => _messages.Count >= count);
        return [.. _messages.Select(RequireDescribed)];
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>The message, which is as the webhooks of the published contract have it.</summary>
    private static Message RequireDescribed(Message message)
    {
        var (body, schemas) = (JsonNode.Parse(message.Body)!, PublishedContract.Instance.Schemas);
        var name = ((string)body["type"]!).StartsWith("run.", StringComparison.Ordinal) ? "RunEndedMessage" : "BatchEndedMessage";
        var errors = schemas.Check(schemas.Find(name)!, body);
        return errors.Count == 0
            ? message
            : throw new ContractViolationException($"A message is not the {name} of {schemas.FileOf(name)}: {string.Join(' ', errors)}");
    }

    private async Task AnswerAsync(HttpContext context, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(context.Request.Body);
        var headers = context.Request.Headers;
        _messages.Enqueue(new Message(
            headers["webhook-id"]!, headers["webhook-timestamp"]!, headers["webhook-signature"]!, await reader.ReadToEndAsync(cancellationToken)));
        context.Response.StatusCode = Interlocked.Decrement(ref _failures) >= 0 ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status204NoContent;
    }
}
