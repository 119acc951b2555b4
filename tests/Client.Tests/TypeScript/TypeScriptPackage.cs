using System.Diagnostics;
using System.Threading.Channels;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Client.Tests;

/// <summary>The npm package as its users have it: installed, built, and imported by its name from programs that are checked strictly.</summary>
internal static class TypeScriptPackage
{
    public static readonly string Root = Checkout.PathOf("clients", "typescript");

    private static readonly string Programs = Path.Combine(Root, "obj");
    private static readonly string Stamp = Path.Combine(Root, "node_modules", ".installed");
    private static readonly Lazy<Task> Installed = new(InstallAsync);
    private static readonly Lazy<Task> Built = new(BuildAsync);
    private static readonly Lazy<Task<string>> Scenario = new(() => CompileAsync(File.ReadAllText(Checkout.PathOf("tests", "Client.Tests", "TypeScript", "scenario.ts"))));

    /// <summary>The types of a contract's document, as they are generated.</summary>
    public static async Task<string> GenerateTypesAsync(string document)
    {
        await Installed.Value;
        var folder = NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "openapi.json"), document);
        await RunAsync("node", ["node_modules/openapi-typescript/bin/cli.js", Path.Combine(folder, "openapi.json"), "--output", Path.Combine(folder, "contract.ts")]);
        return await File.ReadAllTextAsync(Path.Combine(folder, "contract.ts"));
    }

    /// <summary>Compiles a program that imports the package by its name.</summary>
    /// <returns>The path of the JavaScript that it becomes.</returns>
    public static async Task<string> CompileAsync(string program)
    {
        await Built.Value;
        var folder = NewFolder();
        await File.WriteAllTextAsync(Path.Combine(folder, "run.ts"), program);
        File.Copy(Checkout.PathOf("tests", "Client.Tests", "TypeScript", "tsconfig.json"), Path.Combine(folder, "tsconfig.json"));
        await RunAsync("node", ["node_modules/typescript/bin/tsc", "--project", folder]);
        return Path.Combine(folder, "built", "run.js");
    }

    /// <summary>Runs a program and answers what it wrote.</summary>
    public static Task<string> RunProgramAsync(string script) => RunAsync("node", [script]);

    /// <summary>Runs a step of the scenario, and tells each line as it is written.</summary>
    public static async IAsyncEnumerable<string> StepAsync(params string[] arguments)
    {
        using var process = Start("node", [await Scenario.Value, .. arguments]);
        var lines = Channel.CreateUnbounded<string>();
        var errors = process.StandardError.ReadToEndAsync();
        process.OutputDataReceived += (_, line) => _ = line.Data is null ? lines.Writer.TryComplete() : lines.Writer.TryWrite(line.Data);
        process.BeginOutputReadLine();
        await foreach (var line in lines.Reader.ReadAllAsync())
        {
            yield return line;
        }

        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{arguments[0]} failed:\n{await errors}");
    }

    private static string NewFolder() => Directory.CreateDirectory(Path.Combine(Programs, Guid.NewGuid().ToString("N"))).FullName;

    private static async Task BuildAsync()
    {
        await Installed.Value;
        await RunAsync("node", ["node_modules/typescript/bin/tsc", "--project", Root]);
    }

    private static async Task InstallAsync()
    {
        // The programs of earlier test runs.
        if (Directory.Exists(Programs))
        {
            Directory.Delete(Programs, recursive: true);
        }

        var wanted = await File.ReadAllTextAsync(Path.Combine(Root, "package-lock.json"));
        if (!File.Exists(Stamp) || await File.ReadAllTextAsync(Stamp) != wanted)
        {
            await RunAsync(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
            await File.WriteAllTextAsync(Stamp, wanted);
        }
    }

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        using var process = Start(program, arguments);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed:\n{await output}\n{await errors}");
    }

    private static Process Start(string program, string[] arguments) => Process.Start(
        new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Root })!;
}
