using System.Net.Sockets;
using System.Text;

namespace Yggdrasil.Contract.Tests;

/// <summary>Bodies that break off or lie are the request's mistake, whichever server finds it out.</summary>
[Collection(SharedLocalHost.Name)]
public sealed class BrokenBodyTests(ContractFixture app)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("POST /api/agents/one/runs", "application/json", "Transfer-Encoding: chunked", "zz\r\n{}\r\n0\r\n\r\n", "400", "invalid_request")]
    [InlineData("PUT /api/agents/one", "application/json", "Transfer-Encoding: chunked", "50\r\n{\"input\"", "408", "request_timeout")]
    [InlineData("POST /api/agents/one/runs", "application/json", "Content-Length: 50", "{\"input\":\"", "408", "request_timeout")]
    [InlineData("POST /api/batches", "application/json", "Content-Length: 500", "{\"agent\":\"one\",\"items\":[", "408", "request_timeout")]
    [InlineData("POST /api/batches?agent=one", "application/x-ndjson", "Transfer-Encoding: chunked", "zz\r\n", "400", "invalid_request")]
    [InlineData("POST /api/batches", "application/json", "Content-Length: 40000000", "{", "413", "payload_too_large")]
    [InlineData("POST /api/agents/one/runs", "application/json", "Content-Length: 400000000", "{", "413", "payload_too_large")]
    [InlineData("POST /api/runs/none/cancel", "application/json", "Transfer-Encoding: chunked", "-1\r\n", "400", "invalid_request")]
    public async Task Body_that_stalls_or_is_malformed_is_refused_in_words(
        string request, string contentType, string framing, string body, string status, string code)
    {
        var answer = await SendAsync($"{request} HTTP/1.1\r\n{{0}}Content-Type: {contentType}\r\n{framing}\r\n\r\n{body}", close: false);

        Assert.StartsWith($"HTTP/1.1 {status}", answer, StringComparison.Ordinal);
        Assert.Contains($"\"{code}\"", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Body_that_is_shorter_than_it_says_when_its_sender_stops_is_400()
    {
        var answer = await SendAsync("POST /api/agents/one/runs HTTP/1.1\r\n{0}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{\"input\":", close: true);

        // Whoever closes one direction only still reads; a server that takes it for a client that has gone answers nothing.
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 400", StringComparison.Ordinal), answer);
    }

    private async Task<string> SendAsync(string format, bool close)
    {
        using var timeout = new CancellationTokenSource(Bound);
        using var client = new TcpClient();
        var address = app.Http.BaseAddress!;
        await client.ConnectAsync(address.Host, address.Port, timeout.Token);
        var stream = client.GetStream();
        var headers = $"Host: {address.Authority}\r\nAuthorization: Bearer {app.Token("alice")}\r\nConnection: close\r\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(format.Replace("{0}", headers, StringComparison.Ordinal).Replace("{{", "{", StringComparison.Ordinal)), timeout.Token);
        if (close)
        {
            client.Client.Shutdown(SocketShutdown.Send);
        }

        try
        {
            using var reader = new StreamReader(stream, Encoding.UTF8);
            return await reader.ReadToEndAsync(timeout.Token);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
