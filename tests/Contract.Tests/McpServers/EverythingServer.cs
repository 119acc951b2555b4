using System.Diagnostics;
using Yggdrasil.Contract.Tests.OpenApi;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests.McpServers;

/// <summary>The reference server of the protocol, <c>@modelcontextprotocol/server-everything</c>, over HTTP on a free port.</summary>
internal sealed class EverythingServer : IAsyncDisposable
{
    private readonly Process _process;

    private EverythingServer(Process process, int port) => (_process, Address) = (process, $"http://localhost:{port}/mcp");

    public string Address { get; }

    public static async Task<EverythingServer> StartAsync()
    {
        // Installs the packages where they are not there yet.
        await ClientTools.NodeAsync("mcp/ready.mjs");
        var port = LoopbackPorts.Unused();
        var start = new ProcessStartInfo(
            "node", [ClientTools.PathOf("node_modules/@modelcontextprotocol/server-everything/dist/index.js"), "streamableHttp"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PORT"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var process = Process.Start(start)!;
        var listens = new TaskCompletionSource();
        void Read(string? line)
        {
            if (line?.Contains("listening", StringComparison.Ordinal) == true)
            {
                listens.TrySetResult();
            }
        }

        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (await Task.WhenAny(listens.Task, process.WaitForExitAsync()) != listens.Task)
        {
            throw new InvalidOperationException("The reference server did not start.");
        }

        return new EverythingServer(process, port);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
