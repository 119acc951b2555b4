using System.Net.Sockets;
using System.Reflection;
using Microsoft.Extensions.Options;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost;

/// <summary>
/// An app of agents in one process, without Core Tools: HTTP, queues, timers, orchestrations, and Azurite as its storage. For laptops, tests and
/// CI; it refuses every environment but Development.
/// </summary>
/// <remarks>
/// Settings come, each over the one before, from <c>appsettings.json</c> and <c>local.settings.json</c> beside the program, from environment
/// variables, and from the arguments (<c>--urls=http://127.0.0.1:0</c>, <c>--LocalHost:DataPath=folder</c>). Without a
/// <c>local.settings.json</c> there are demo settings: development mode, and an agent <c>assistant</c> unless the app has agents.
/// </remarks>
public sealed class LocalApp : IAsyncDisposable
{
    private readonly LocalHostApplication _application;

    private LocalApp(LocalHostApplication application) => _application = application;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_application.Urls.First());

    /// <summary>Its services.</summary>
    public IServiceProvider Services => _application.Services;

    /// <summary>Runs until Ctrl-C or SIGTERM. The whole of a host's <c>Program</c>.</summary>
    /// <param name="args">Settings as <c>--name=value</c>.</param>
    /// <param name="configureServices">Adds what the app adds in its own <c>Program</c>, such as tools.</param>
    /// <param name="functions">Assemblies with functions of the app's own. Those of Yggdrasil.Functions are always there.</param>
    /// <returns>The exit code: 1 where something has to be put right first, which standard error then says.</returns>
    public static Task<int> RunAsync(string[] args, Action<IServiceCollection>? configureServices = null, params Assembly[] functions) =>
        RunAsync(Product.Setup(args, configureServices ?? (_ => { }), functions));

    /// <summary>Starts it within a test or another program, with nothing written to the console.</summary>
    /// <param name="args">Settings as <c>--name=value</c>. <c>--urls=http://127.0.0.1:0</c> takes a free port.</param>
    /// <param name="configureServices">Adds what the app adds in its own <c>Program</c>, and what the test puts in the place of it.</param>
    /// <param name="functions">Assemblies with functions of the app's own.</param>
    /// <exception cref="LocalHostException">Something has to be put right first; the message says what.</exception>
    public static async Task<LocalApp> StartAsync(
        string[] args, Action<IServiceCollection>? configureServices = null, params Assembly[] functions)
    {
        var setup = Product.Setup(args, configureServices ?? (_ => { }), functions) with { Console = TextWriter.Null };
        var application = await LocalHostApplication.CreateAsync(setup);
        try
        {
            await application.StartAsync();
            return new LocalApp(application);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops it as Ctrl-C does: runs in progress are released first.</summary>
    public ValueTask DisposeAsync() => _application.DisposeAsync();

    internal static async Task<int> RunAsync(LocalHostSetup setup)
    {
        try
        {
            await using var host = await LocalHostApplication.CreateAsync(setup);
            await host.RunAsync();
            return 0;
        }
        catch (Exception failure) when (
            failure is LocalHostException or OptionsValidationException || failure.GetBaseException() is SocketException)
        {
            await Console.Error.WriteLineAsync(failure.Message);
            return 1;
        }
    }
}
