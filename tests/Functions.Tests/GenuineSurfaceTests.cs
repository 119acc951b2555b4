using System.Reflection;
using Yggdrasil.LocalHost.Tests.Declarations;

namespace Yggdrasil.Functions.Tests;

/// <summary>LocalHost's declarations say nothing that the genuine assemblies do not.</summary>
public sealed class GenuineSurfaceTests
{
    private static readonly string[] DeclaredLines =
        File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "surface.txt"));

    private static readonly Assembly[] GenuineAssemblies =
    [
        .. new[] { "Microsoft.Azure.Functions.Worker*.dll", "Microsoft.DurableTask.*.dll", "DurableTask.Core.dll" }
            .SelectMany(pattern => Directory.GetFiles(AppContext.BaseDirectory, pattern))
            .Select(Assembly.LoadFrom),
    ];

    public static TheoryData<string> DeclaredTypes => [.. DeclaredLines.Select(PublicSurface.TypeOf).Distinct()];

    [Theory]
    [MemberData(nameof(DeclaredTypes))]
    public void Declared_type_is_part_of_the_genuine_one(string typeName)
    {
        var genuine = GenuineAssemblies.Select(assembly => assembly.GetType(typeName)).FirstOrDefault(type => type is not null);
        Assert.True(genuine is not null, $"No genuine assembly has {typeName}.");

        var declared = DeclaredLines.Where(line => PublicSurface.TypeOf(line) == typeName);
        var absent = declared.Except(PublicSurface.Describe([genuine]));

        Assert.Empty(absent);
    }
}
