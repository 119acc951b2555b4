using System.Diagnostics;
using Azure.Storage.Queues;
using Yggdrasil.LocalHost.Azurite;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Tests.Azurite;

public sealed class AzuriteProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Data_is_there_after_a_restart()
    {
        await using (var first = await StartAsync())
        {
            await Queue(first).CreateAsync();
            await Queue(first).SendMessageAsync("kept");
        }

        await using var second = await StartAsync();

        Assert.Equal("kept", (await Queue(second).PeekMessageAsync()).Value.MessageText);
    }

    [Fact]
    public async Task Data_and_ports_are_kept_apart_between_two_that_run_side_by_side()
    {
        using var otherFolder = new TemporaryFolder();
        await using var one = await StartAsync();
        await using var other = await AzuriteProcess.StartAsync(otherFolder.FullPath, AzuriteFixture.ToolsPath);

        await Queue(one).CreateAsync();

        Assert.NotEqual(one.ConnectionString, other.ConnectionString);
        Assert.False(await Queue(other).ExistsAsync());
    }

    [Fact]
    public async Task Process_ends_when_disposed_of()
    {
        var azurite = await StartAsync();
        using var process = Process.GetProcessById(azurite.ProcessId);

        await azurite.DisposeAsync();

        await process.WaitForExitAsync().WaitAsync(Patience);
    }

    [Fact]
    public async Task Start_on_data_that_another_still_has_open_ends_that_one_first()
    {
        await using var forgotten = await StartAsync();
        using var process = Process.GetProcessById(forgotten.ProcessId);

        await using var azurite = await StartAsync();

        await process.WaitForExitAsync().WaitAsync(Patience);
        await Queue(azurite).CreateAsync();
    }

    [Fact]
    public async Task Stale_process_file_of_a_reused_id_ends_nobody()
    {
        using var current = Process.GetCurrentProcess();
        _folder.Write("process.json", $$"""{"ProcessId":{{current.Id}},"StartedAt":1}""");

        await using var azurite = await StartAsync();

        await Queue(azurite).CreateAsync();
    }

    [Fact]
    public async Task Missing_tools_folder_is_told_with_the_remedy()
    {
        var refused = await Assert.ThrowsAsync<LocalHostException>(
            () => AzuriteProcess.StartAsync(_folder.FullPath, _folder.FullPath));

        Assert.Contains("AzureWebJobsStorage", refused.Message, StringComparison.Ordinal);
    }

    private static QueueClient Queue(AzuriteProcess azurite) => new(azurite.ConnectionString, "things");

    private Task<AzuriteProcess> StartAsync() => AzuriteProcess.StartAsync(_folder.FullPath, AzuriteFixture.ToolsPath);
}
