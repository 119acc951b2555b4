using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.LocalHost.Tests.Azurite;

namespace Yggdrasil.LocalHost.Tests.Upgrades;

/// <summary>The app of this build, on data that is there already.</summary>
internal sealed class UpgradedApp : IAsyncDisposable
{
    private readonly LocalApp _app;

    private UpgradedApp(LocalApp app)
    {
        _app = app;
        Http = new HttpClient { BaseAddress = app.Address };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "dev:alice");
    }

    public HttpClient Http { get; }

    /// <param name="data">Its data folder.</param>
    /// <param name="shift">What the app's clock is ahead, so that what waits has not expired.</param>
    public static async Task<UpgradedApp> StartAsync(string data, TimeSpan shift) => new(await LocalApp.StartAsync(
        [
            "--urls=http://127.0.0.1:0", $"--LocalHost:DataPath={data}", $"--LocalHost:AzuritePath={AzuriteFixture.ToolsPath}",
            // That of the recording, whatever the sample's settings say by now.
            "--Protection:Key=ZGV2ZWxvcG1lbnQtb25seS1rZXktbm90LWEtc2VjcmU=",
        ],
        services => services.AddSingleton<TimeProvider>(new ShiftedTime(shift))));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
