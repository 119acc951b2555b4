using System.Diagnostics;
using System.Text.RegularExpressions;
using Azure.Storage.Queues;
using Yggdrasil.LocalHost.Azurite;

namespace Yggdrasil.LocalHost.Tests;

/// <summary>The program itself, in a process of its own.</summary>
public sealed partial class LocalHostProcessTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Other_environment_ends_it_with_a_message_and_exit_code_1()
    {
        using var process = Launch(("DOTNET_ENVIRONMENT", "Production"));

        await process.WaitForExitAsync().WaitAsync(Patience);

        Assert.Equal(1, process.ExitCode);
        Assert.Contains("DOTNET_ENVIRONMENT is Production", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Data_survives_a_kill_and_nothing_is_left_running()
    {
        using var killed = Launch();
        var storage = await ReadStorageAsync(killed);
        await Queue(storage).CreateAsync();
        await Queue(storage).SendMessageAsync("kept");

        killed.Kill();
        await killed.WaitForExitAsync().WaitAsync(Patience);
        using var next = Launch();
        var nextStorage = await ReadStorageAsync(next);
        Assert.Equal("kept", (await Queue(nextStorage).PeekMessageAsync()).Value.MessageText);
        await Assert.ThrowsAnyAsync<Exception>(() => Queue(storage).ExistsAsync());

        await EndAsync(next);
    }

    [Fact]
    public async Task Second_one_on_the_same_data_is_refused()
    {
        using var first = Launch();
        await ReadStorageAsync(first);

        using var second = Launch();
        await second.WaitForExitAsync().WaitAsync(Patience);

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("LocalHost__DataPath", await second.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
        await EndAsync(first);
    }

    private Process Launch(params (string Name, string Value)[] environment)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Yggdrasil.LocalHost.dll");
        var start = new ProcessStartInfo("dotnet", [program, "--urls=http://127.0.0.1:0"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var variable in (string[])["ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "AzureWebJobsStorage"])
        {
            start.Environment.Remove(variable);
        }

        start.Environment["LocalHost__DataPath"] = _folder.FullPath;
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private async Task EndAsync(Process process)
    {
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(Patience);

        // Azurite outlives it for as long as it takes to save into the folder that the test removes.
        await new AzuriteProcessFile(Path.Combine(_folder.FullPath, "azurite")).EndPreviousAsync(CancellationToken.None);
    }

    private static async Task<string> ReadStorageAsync(Process process)
    {
        using var timeout = new CancellationTokenSource(Patience);
        while (await process.StandardOutput.ReadLineAsync(timeout.Token) is { } line)
        {
            if (Ports.Match(line) is { Success: true } ports)
            {
                return new AzuritePorts(Port(ports, 1), Port(ports, 2), Port(ports, 3)).ConnectionString;
            }
        }

        throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(timeout.Token));
    }

    private static int Port(Match match, int group) =>
        int.Parse(match.Groups[group].Value, System.Globalization.CultureInfo.InvariantCulture);

    private static QueueClient Queue(string storage) =>
        new(storage, "things", new QueueClientOptions { Retry = { MaxRetries = 0 } });

    [GeneratedRegex(@"ports (\d+) \(blobs\), (\d+) \(queues\), (\d+) \(tables\)")]
    private static partial Regex Ports { get; }
}
