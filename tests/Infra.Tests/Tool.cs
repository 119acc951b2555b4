using System.Diagnostics;

namespace Yggdrasil.Infra.Tests;

/// <summary>Runs a program of somebody else's.</summary>
internal static class Tool
{
    public static async Task<ToolResult> RunAsync(
        string program, IEnumerable<string> arguments, string? input = null, string? folder = null,
        IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Repository.Root,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return new ToolResult(process.ExitCode, await output, await errors);
    }
}

internal sealed record ToolResult(int ExitCode, string Output, string Errors);
