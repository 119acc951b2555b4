using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Yggdrasil.Fixtures;

/// <summary>Kestrel on a free port of 127.0.0.1, with one handler for every request.</summary>
public sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly CancellationTokenSource _stopping;

    private LoopbackServer(WebApplication application, CancellationTokenSource stopping)
    {
        _application = application;
        _stopping = stopping;
        var addresses = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        Address = new Uri(addresses.Addresses.Single());
    }

    /// <summary><c>http://127.0.0.1:port/</c>, or https with a certificate.</summary>
    public Uri Address { get; }

    /// <param name="handle">Answers each request; its token ends with the connection and with the server.</param>
    /// <param name="certificate">For https, with HTTP/2 on offer.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<LoopbackServer> StartAsync(
        Func<HttpContext, CancellationToken, Task> handle,
        X509Certificate2? certificate = null,
        CancellationToken cancellationToken = default)
    {
        // The empty builder reads neither environment nor files: a test process may have ASPNETCORE_URLS set for the
        // application under test.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));

        var stopping = new CancellationTokenSource();
        var application = builder.Build();
        application.Run(context => HandleAsync(context, handle, stopping.Token));
        await application.StartAsync(cancellationToken);
        return new LoopbackServer(application, stopping);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _application.DisposeAsync();
        _stopping.Dispose();
    }

    private static async Task HandleAsync(
        HttpContext context, Func<HttpContext, CancellationToken, Task> handle, CancellationToken stopping)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        try
        {
            await handle(context, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            context.Abort();
        }
    }
}
