using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Yggdrasil.Tools.Egress;
using Yggdrasil.Tools.Mcp.Configuration;

namespace Yggdrasil.Tools.Mcp.Transport;

/// <summary>The one client of a server in this process: connected when it is first needed, and again when the server has forgotten it.</summary>
/// <remarks>
/// It declares no capabilities, so no server may ask for sampling, roots or input, and it opens no stream of its own. Answers come as
/// they were sent: one that does not fit the package's types must not hide the others.
/// </remarks>
internal sealed class McpConnection(McpServerOptions server, HttpClient http) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly SemaphoreSlim _connecting = new(1, 1);
    private McpClient? _client;

    /// <summary>Sends a request and answers its result, as JSON that gives no name twice.</summary>
    /// <exception cref="McpFailure">There is no result.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled; the server is told.</exception>
    public async Task<JsonElement> SendAsync(string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        try
        {
            return await SendOnceAsync(method, parameters, cancellationToken);
        }
        catch (SessionLostException)
        {
            // It was refused for its session's sake alone, so nothing has been done; a new one is asked for once.
            return await SendOnceAsync(method, parameters, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _connecting.Dispose();
        if (_client is { } client)
        {
            await client.DisposeAsync();
        }

        http.Dispose();
    }

    private async Task<JsonElement> SendOnceAsync(string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        McpClient? client = null;
        try
        {
            client = await ConnectAsync(cancellationToken);
            var response = await client.SendRequestAsync(
                new JsonRpcRequest { Method = method, Params = parameters.DeepClone() }, cancellationToken);
            return Read(response.Result);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            var isLost = client?.SessionId is not null && failure is HttpRequestException { StatusCode: HttpStatusCode.NotFound };
            if (client is not null && (isLost || client.Completion.IsCompleted))
            {
                await DropAsync(client);
            }

            throw isLost && client is not null ? new SessionLostException(failure) : Translate(failure);
        }
    }

    private async Task<McpClient> ConnectAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _client) is { Completion.IsCompleted: false } connected)
        {
            return connected;
        }

        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (_client is { Completion.IsCompleted: false } other)
            {
                return other;
            }

            // Nobody knows better than the operator that it is HTTP of today; and no session is ended, which would wait for a dead server.
            var transport = new HttpClientTransport(
                new HttpClientTransportOptions
                {
                    Endpoint = server.Endpoint,
                    TransportMode = HttpTransportMode.StreamableHttp,
                    Name = server.Name,
                    ConnectionTimeout = Patience,
                    EnableStandaloneGetStream = false,
                    MaxReconnectionAttempts = 0,
                    OwnsSession = false,
                },
                http);

            // Without a logger: the package's own would log what servers say.
            var client = await McpClient.CreateAsync(transport, Options(), loggerFactory: null, cancellationToken);
            Volatile.Write(ref _client, client);
            return client;
        }
        finally
        {
            _connecting.Release();
        }
    }

    private static McpClientOptions Options() => new()
    {
        ClientInfo = new Implementation
        {
            Name = "yggdrasil-functions",
            Version = typeof(McpConnection).Assembly.GetName().Version?.ToString(3) ?? "0",
        },
        Capabilities = new ClientCapabilities(),
        InitializationTimeout = Patience,
    };

    private async Task DropAsync(McpClient client)
    {
        if (Interlocked.CompareExchange(ref _client, null, client) == client)
        {
            await client.DisposeAsync();
        }
    }

    private static JsonElement Read(JsonNode? result)
    {
        try
        {
            using var document = JsonDocument.Parse(result?.ToJsonString() ?? "null", new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new McpFailure(McpFailureKind.Refused, "Its answer is no MCP result.");
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new McpFailure(McpFailureKind.Refused, "Its answer gives a name twice, or holds text that is none.", unreadable);
        }
    }

    /// <summary>What is said of a failure: which rule or which side, and nothing in the server's words.</summary>
    private static McpFailure Translate(Exception failure) => failure switch
    {
        McpFailure known => known,
        HttpRequestException { InnerException: McpFailure known } => known,
        EgressException egress => new McpFailure(McpFailureKind.Unreachable, egress.Message, egress),
        HttpRequestException { InnerException: EgressException egress } => new McpFailure(McpFailureKind.Unreachable, egress.Message, failure),
        HttpRequestException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } => new McpFailure(
            McpFailureKind.Unauthorized, "It refuses the app's credentials (401 or 403): check the server's Auth settings.", failure),
        HttpRequestException { StatusCode: { } status } => new McpFailure(
            McpFailureKind.Unreachable, $"It answers {(int)status} where MCP was asked for.", failure),
        HttpRequestException { InnerException: System.Security.Authentication.AuthenticationException } => new McpFailure(
            McpFailureKind.Unreachable, "Its certificate is not valid, or it speaks no TLS.", failure),
        McpProtocolException refused => new McpFailure(McpFailureKind.Refused, $"It refused the request (error {(int)refused.ErrorCode}).", refused),
        InvalidOperationException or NotSupportedException => new McpFailure(
            McpFailureKind.Refused, "It asks for input, sampling or roots, which this app does not offer to servers.", failure),
        OperationCanceledException => new McpFailure(McpFailureKind.Unreachable, "It did not answer in time, or the connection was lost.", failure),
        _ => new McpFailure(McpFailureKind.Unreachable, "It broke off, or does not speak MCP.", failure),
    };

    private sealed class SessionLostException(Exception failure) : Exception("The server has forgotten the session.", failure);
}
