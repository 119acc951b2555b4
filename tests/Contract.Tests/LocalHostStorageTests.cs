using System.Collections.Concurrent;
using System.Net;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>What LocalHost does about the surroundings of its storage.</summary>
public sealed class LocalHostStorageTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("yggdrasil-surroundings-");

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => TestFolder.DeleteAsync(_folder.FullName);

    [Fact]
    public async Task Storage_on_this_machine_is_asked_past_any_proxy()
    {
        var asked = new ConcurrentQueue<string>();
        await using var proxy = await LoopbackServer.StartAsync((context, _) =>
        {
            asked.Enqueue($"{context.Request.Method} {context.Request.Host}{context.Request.Path}");
            context.Response.StatusCode = 502;
            return Task.CompletedTask;
        });
        var address = proxy.Address.GetLeftPart(UriPartial.Authority);
        await using var host = await LocalHostProcess.StartAsync(
            PathOf("data"), new Dictionary<string, string> { ["HTTP_PROXY"] = address, ["HTTPS_PROXY"] = address, ["NO_PROXY"] = "" });

        using var ready = await host.Http.GetAsync("/ready");
        using var run = await host.Http.PostRunAsync("assistant", new { input = "What is 17*23?" }, ("Prefer", "wait=60"));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (ready.StatusCode, run.StatusCode));
        Assert.Equal("completed", (await run.ReadAsync()).Text("status"));
        Assert.Empty(asked);
    }

    [Fact]
    public async Task Second_host_on_the_same_storage_is_warned_of_and_one_on_the_same_folder_does_not_start()
    {
        await using var first = await KillableHost.StartAsync(_ => { });
        await using var second = await first.StartOtherAsync(_ => { });

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => LocalHostProcess.StartAsync(first.DataPath, new Dictionary<string, string>()));

        Assert.Contains("LocalHost__DataPath", refused.Message, StringComparison.Ordinal);
        await Poll.UntilAsync(() => second.Output.Contains("Another LocalHost uses the same storage", StringComparison.Ordinal));
        Assert.Contains(first.DataPath, second.Output, StringComparison.Ordinal);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
