using Yggdrasil.Fixtures;
using Yggdrasil.LocalHost.Azurite;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.Soak;

/// <summary>LocalHost over an Azurite of its own, which asks two faulty models over HTTP: <c>openai</c>, and <c>backup</c> in its place.</summary>
internal sealed class SoakHost : IAsyncDisposable
{
    /// <summary>How long a call to a model may take: short, so that many stalls fit into a soak.</summary>
    public static readonly TimeSpan ModelTimeout = TimeSpan.FromSeconds(10);

    private readonly string _data;
    private readonly AzuriteProcess _azurite;
    private readonly LocalHostApplication _app;

    private SoakHost(string data, AzuriteProcess azurite, LocalHostApplication app, FaultyModel primary, FaultyModel backup)
    {
        (_data, _azurite, _app, Primary, Backup) = (data, azurite, app, primary, backup);
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromSeconds(100) };
    }

    public FaultyModel Primary { get; }

    public FaultyModel Backup { get; }

    public HttpClient Http { get; }

    /// <summary>Of the storage, for looking at what is left in it.</summary>
    public string ConnectionString => _azurite.ConnectionString;

    /// <param name="settings">Beside those that every soak needs.</param>
    public static async Task<SoakHost> StartAsync(IReadOnlyDictionary<string, string>? settings = null)
    {
        var data = Directory.CreateTempSubdirectory("yggdrasil-soak-").FullName;
        var azurite = await AzuriteProcess.StartAsync(data, Checkout.PathOf("tools", "azurite"));
        var (primary, backup) = (await FaultyModel.StartAsync(), await FaultyModel.StartAsync());
        var all = new Dictionary<string, string>
        {
            ["urls"] = "http://127.0.0.1:0",
            ["LocalHost:DataPath"] = Path.Combine(data, "host"),
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["Providers:openai:Endpoint"] = primary.Endpoint,
            ["Providers:openai:ApiKey"] = "sk-soak",
            ["Providers:backup:Type"] = "openai-compatible",
            ["Providers:backup:Endpoint"] = backup.Endpoint,
            ["Providers:backup:ApiKey"] = "sk-soak",
            ["Limits:TokensPerDay"] = "100000000",
            ["Logging:LogLevel:Default"] = "Error",

            // When the host stops it cancels the slices of backups, and each of them says so.
            ["Logging:LogLevel:Yggdrasil.Functions.Durable.RunActivities"] = "Critical",
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
        {
            all[name] = value;
        }

        var app = await LocalHostApplication.CreateAsync(
            Product.Setup([.. all.SelectMany(setting => new[] { $"--{setting.Key}", setting.Value })]) with { Console = TextWriter.Null });
        await app.StartAsync();
        return new SoakHost(data, azurite, app, primary, backup);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await Primary.DisposeAsync();
        await Backup.DisposeAsync();
        await _azurite.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }
}
