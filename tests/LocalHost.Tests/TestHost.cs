using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Tests;

/// <summary>A LocalHost with function classes of the test, on a free port, with data of its own.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly LocalHostApplication _application;

    private TestHost(TemporaryFolder folder, LocalHostApplication application)
    {
        _folder = folder;
        _application = application;
        Client = new HttpClient { BaseAddress = new Uri(application.Urls.Single()) };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _application.Services;

    public static async Task<TestHost> StartAsync(
        Type[] functions,
        Action<IServiceCollection>? configureServices = null,
        Action<IFunctionsWorkerApplicationBuilder>? configureWorker = null,
        string storage = "unused",
        string hostJson = """{ "extensions": { "http": { "routePrefix": "" } } }""",
        params string[] args)
    {
        var folder = new TemporaryFolder();
        try
        {
            var setup = new LocalHostSetup
            {
                Args =
                [
                    "--urls=http://127.0.0.1:0", $"--AzureWebJobsStorage={storage}",
                    $"--LocalHost:DataPath={folder.FullPath}/data", .. args,
                ],
                FunctionTypes = functions,
                ConfigureServices = (services, _) => configureServices?.Invoke(services),
                ConfigureWorker = worker => configureWorker?.Invoke(worker),
                SettingsPath = null,
                HostJsonPath = folder.Write("host.json", hostJson),
                Console = TextWriter.Null,
                ReadEnvironment = _ => null,
            };
            var application = await LocalHostApplication.CreateAsync(setup);
            await application.StartAsync();
            return new TestHost(folder, application);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public Task StopAsync() => _application.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _application.DisposeAsync();
        _folder.Dispose();
    }
}
