using System.Diagnostics;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests.OpenApi;

/// <summary>
/// The linter and the client generators of <c>tests/Clients</c>: pinned packages of npm, installed at first use, and a pinned .NET tool.
/// </summary>
internal static class ClientTools
{
    private static readonly string Root = Checkout.PathOf("tests", "Clients");
    private static readonly string Stamp = Path.Combine(Root, "node_modules", ".installed");
    private static readonly Lazy<Task> Packages = new(InstallAsync);

    /// <summary>A folder below <c>tests/Clients</c> of which nothing is kept, with a copy of a client's source in it.</summary>
    public static string CopyOf(string client)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Root, "obj", $"{client}-{Guid.NewGuid():N}")).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(Root, client)))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        return folder;
    }

    /// <summary>A file below <c>tests/Clients</c>.</summary>
    public static string PathOf(string file) => Path.Combine(Root, file);

    /// <summary>Runs the program of an npm package, or a script.</summary>
    /// <param name="script">Its path; one of a package begins with <c>node_modules</c>.</param>
    /// <returns>What it wrote.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message is what it said.</exception>
    public static async Task<string> NodeAsync(string script, params string[] arguments)
    {
        await Packages.Value;
        return await RunAsync("node", [Path.Combine(Root, script), .. arguments]);
    }

    /// <summary>Runs a program in TypeScript: checked strictly, and as the JavaScript that it becomes. Node 20 does not run TypeScript itself.</summary>
    /// <returns>What it wrote.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message is what it said.</exception>
    public static async Task<string> TypeScriptAsync(string program)
    {
        var folder = CopyOf("typescript");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "run.ts"), program);
            await NodeAsync("node_modules/typescript/bin/tsc", "--project", folder);
            return await NodeAsync(Path.Combine(folder, "built", "run.js"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Runs a command of the .NET SDK in <c>tests/Clients</c>, where its tools are listed.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message is what it said.</exception>
    public static Task<string> DotnetAsync(params string[] arguments) => RunAsync("dotnet", arguments);

    private static async Task InstallAsync()
    {
        var wanted = await File.ReadAllTextAsync(Path.Combine(Root, "package-lock.json"));
        if (!File.Exists(Stamp) || await File.ReadAllTextAsync(Stamp) != wanted)
        {
            await RunAsync(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
            await File.WriteAllTextAsync(Stamp, wanted);
        }
    }

    private static async Task<string> RunAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Root };

        // The tests' own build has set these for itself.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["KIOTA_OFFLINE_ENABLED"] = "true";
        start.Environment["REDOCLY_TELEMETRY"] = "off";
        start.Environment["REDOCLY_SUPPRESS_UPDATE_NOTICE"] = "true";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed:\n{await output}\n{await errors}");
    }
}
