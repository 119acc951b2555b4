using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>A LocalHost between a model that obeys the attacker, a hostile server it may ask, and an internal one it may not.</summary>
public sealed class AttackFixture : IAsyncLifetime
{
    public const string Secret = "the-internal-secret";

    private static readonly byte[] Bomb = Compress(256 * 1024 * 1024);

    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-attack-").FullName;
    private LocalHostProcess? _host;
    private LoopbackServer? _hostile;
    private LoopbackServer? _internal;
    private int _internalRequests;

    public ScriptedModelServer Model { get; private set; } = null!;

    public HttpClient Http => _host!.Http;

    /// <summary>On the allow list, and malicious.</summary>
    public Uri Hostile => _hostile!.Address;

    /// <summary>Not on the allow list: what an attacker wants to reach.</summary>
    public Uri Internal => _internal!.Address;

    public int InternalRequests => Volatile.Read(ref _internalRequests);

    /// <summary>On the allow list, and never done.</summary>
    public EndlessServer Endless { get; } = new();

    public async Task InitializeAsync()
    {
        Model = await ScriptedModelServer.StartAsync();
        _internal = await LoopbackServer.StartAsync((context, cancellationToken) =>
        {
            Interlocked.Increment(ref _internalRequests);
            return context.Response.WriteAsync(Secret, cancellationToken);
        });
        _hostile = await LoopbackServer.StartAsync(AnswerAsync);
        _host = await LocalHostProcess.StartAsync(_data, new Dictionary<string, string>
        {
            ["Providers__openai__Endpoint"] = Model.Endpoint,
            ["Providers__openai__ApiKey"] = "sk-test",
            ["Providers__openai__RetryAttempts"] = "0",
            ["Providers__openai__BreakerFailures"] = "1000",
            ["Tools__Http__AllowPrivateNetworks"] = "true",
            ["Tools__Http__AllowedHosts__0"] = Hostile.Authority,

            // An operator's mistake, which the address rules catch: no development setting opens link-local addresses.
            ["Tools__Http__AllowedHosts__1"] = "169.254.169.254",
            ["Tools__Http__AllowedHosts__2"] = "[::ffff:169.254.169.254]",
            ["Tools__Http__AllowedHosts__3"] = Endless.Address.Authority,
        });
    }

    public async Task DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        await Model.DisposeAsync();
        await _hostile!.DisposeAsync();
        await _internal!.DisposeAsync();
        await Endless.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }

    private async Task AnswerAsync(HttpContext context, CancellationToken cancellationToken)
    {
        switch (context.Request.Path.Value)
        {
            case "/redirect":
                context.Response.Redirect(context.Request.Query["to"]!);
                break;
            case "/bomb":
                context.Response.ContentType = "text/plain";
                context.Response.Headers.ContentEncoding = "gzip";
                await context.Response.Body.WriteAsync(Bomb, cancellationToken);
                break;
            default:
                await context.Response.WriteAsync("ok", cancellationToken);
                break;
        }
    }

    private static byte[] Compress(int zeros)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            var part = new byte[1024 * 1024];
            for (var written = 0; written < zeros; written += part.Length)
            {
                gzip.Write(part);
            }
        }

        return compressed.ToArray();
    }
}
