using System.Diagnostics;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Packages.Tests;

/// <summary>Programs as a person runs them who has no checkout.</summary>
internal static class Programs
{
    /// <summary>What it wrote; where it fails, the test does.</summary>
    public static async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        using var process = Process.Start(Start(folder, program, arguments))!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} failed:\n{await output}\n{await errors}");
        return await output;
    }

    public static ProcessStartInfo Start(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };

        // The tests' own build has set these for itself.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        // Installed once for all tests of the checkout.
        start.Environment["LocalHost__AzuritePath"] = Checkout.PathOf("tools", "azurite");
        return start;
    }
}
