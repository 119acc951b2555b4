using System.Reflection;

namespace Yggdrasil.Infra.Tests;

/// <summary>The files under test, where they are.</summary>
internal static class Repository
{
    public static string Root { get; } = Metadata("Repository");

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    public static string Read(params string[] parts) => File.ReadAllText(PathOf(parts));

    public static string Metadata(string key) => typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;
}
