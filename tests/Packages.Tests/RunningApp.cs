using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Yggdrasil.Packages.Tests;

/// <summary>An app that <c>dotnet run</c> started, on a free port, until disposed of.</summary>
internal sealed partial class RunningApp : IAsyncDisposable
{
    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RunningApp(Process process) => _process = process;

    public HttpClient Http { get; } = new();

    /// <exception cref="InvalidOperationException">It did not start; the message is what it wrote.</exception>
    public static async Task<RunningApp> StartAsync(string folder, params string[] arguments)
    {
        var app = new RunningApp(Process.Start(Programs.Start(folder, "dotnet", arguments))!);
        app._process.OutputDataReceived += (_, line) => app.Read(line.Data);
        app._process.ErrorDataReceived += (_, line) => app.Read(line.Data);
        app._process.BeginOutputReadLine();
        app._process.BeginErrorReadLine();
        await Task.WhenAny(app._address.Task, app._process.WaitForExitAsync(), Task.Delay(StartBound));
        if (!app._address.Task.IsCompletedSuccessfully)
        {
            await app.DisposeAsync();
            throw new InvalidOperationException($"The app did not start:\n{app._output}");
        }

        app.Http.BaseAddress = await app._address.Task;
        return app;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Read(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }

        if (line is not null && Listening().Match(line) is { Success: true } match)
        {
            _address.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"Listening on (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening();
}
