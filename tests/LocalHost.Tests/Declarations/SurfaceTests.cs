using System.Runtime.CompilerServices;
using Microsoft.Azure.Functions.Worker;

namespace Yggdrasil.LocalHost.Tests.Declarations;

/// <summary>
/// Keeps surface.txt true to the declarations; tests/Functions.Tests then compares the file with the genuine assemblies.
/// </summary>
public sealed class SurfaceTests
{
    private const string RegenerateVariable = "UPDATE_SURFACE";

    [Fact]
    public void Surface_file_says_what_is_declared()
    {
        var declared = PublicSurface.Describe(typeof(FunctionContext).Assembly.GetExportedTypes()
            .Where(type => type.Namespace?.StartsWith("Yggdrasil", StringComparison.Ordinal) == false));
        if (Environment.GetEnvironmentVariable(RegenerateVariable) == "1")
        {
            File.WriteAllLines(SurfacePath(), declared);
        }

        var written = File.ReadAllLines(SurfacePath());

        var missing = declared.Except(written).Select(line => $"+ {line}");
        var stale = written.Except(declared).Select(line => $"- {line}");
        var differences = string.Join(Environment.NewLine, missing.Concat(stale));
        Assert.True(
            differences.Length == 0,
            $"surface.txt differs; {RegenerateVariable}=1 dotnet test tests/LocalHost.Tests writes it anew:{Environment.NewLine}{differences}");
    }

    [Fact]
    public void Surface_tells_an_optional_parameter_from_a_required_one()
    {
        var lines = PublicSurface.Describe([typeof(Sample)]);

        Assert.Contains(
            $"{typeof(Sample).FullName}: virtual System.Threading.Tasks.Task<System.String?> Find(System.String? name, System.Int32 limit = 5)",
            lines);
        Assert.Contains($"{typeof(Sample).FullName}: is abstract class", lines);
        Assert.Contains($"{typeof(Sample).FullName}: System.String? Note {{ get; init; }}", lines);
        Assert.Contains($"{typeof(Sample).FullName}: protected new()", lines);
    }

    private static string SurfacePath([CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(
        Path.GetDirectoryName(thisFile)!, "..", "..", "..", "src", "LocalHost", "Declarations", "surface.txt"));

    public abstract class Sample
    {
        public string? Note { get; init; }

        public virtual Task<string?> Find(string? name, int limit = 5) => Task.FromResult(name is null ? null : $"{limit}");
    }
}
