using System.Text.RegularExpressions;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>LocalHost with the servers that it calls and data that outlive it: it is killed and started again over the same.</summary>
internal sealed partial class KillableHost : IAsyncDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-killed-").FullName;
    private LocalHostProcess _process = null!;

    private KillableHost(ScriptedModelServer model, EffectServer effects) => (Model, Effects) = (model, effects);

    public string DataPath => _data;

    public ScriptedModelServer Model { get; }

    public EffectServer Effects { get; }

    /// <summary>Of the process that runs now.</summary>
    public HttpClient Http => _process.Http;

    /// <summary>Of the process that runs now.</summary>
    public string Output => _process.Output;

    /// <summary>Of the Azurite of the process that runs now.</summary>
    public string StorageConnection
    {
        get
        {
            var ports = AzuritePorts().Matches(Output)[^1].Groups;
            return "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
                + "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
                + $"BlobEndpoint=http://127.0.0.1:{ports[1]}/devstoreaccount1;QueueEndpoint=http://127.0.0.1:{ports[2]}/devstoreaccount1;"
                + $"TableEndpoint=http://127.0.0.1:{ports[3]}/devstoreaccount1;";
        }
    }

    /// <param name="change">Adds to its settings.</param>
    public static async Task<KillableHost> StartAsync(Action<Dictionary<string, string>> change)
    {
        var host = new KillableHost(await ScriptedModelServer.StartAsync(), await EffectServer.StartAsync());
        await host.StartProcessAsync(change);
        return host;
    }

    /// <summary>Of the process that runs now, in bytes.</summary>
    public long PeakMemory => _process.PeakMemory;

    /// <summary>Kills it, and starts it again over the same data.</summary>
    public async Task RestartAsync(Action<Dictionary<string, string>> change)
    {
        await _process.KillAsync();
        await _process.DisposeAsync();
        await StartProcessAsync(change);
    }

    /// <summary>Another instance of the app: a process of its own over the same storage. It ends before this one.</summary>
    public async Task<LocalHostProcess> StartOtherAsync(Action<Dictionary<string, string>> change)
    {
        var settings = ContractFixture.Settings(Model, Effects);
        settings["AzureWebJobsStorage"] = StorageConnection;
        change(settings);
        return await LocalHostProcess.StartAsync(Path.Combine(_data, "other"), settings);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        await Model.DisposeAsync();
        await Effects.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }

    /// <summary>
    /// A crashed run resumes when its lease has ended: soon, and yet not so soon that a busy machine loses the lease of a run that
    /// nobody crashed.
    /// </summary>
    public static void ShortLease(Dictionary<string, string> settings) => settings["Runs__LeaseSeconds"] = "12";

    private async Task StartProcessAsync(Action<Dictionary<string, string>> change)
    {
        var settings = ContractFixture.Settings(Model, Effects);
        change(settings);
        _process = await LocalHostProcess.StartAsync(_data, settings);
    }

    [GeneratedRegex(@"ports (\d+) \(blobs\), (\d+) \(queues\), (\d+) \(tables\)")]
    private static partial Regex AzuritePorts();
}
