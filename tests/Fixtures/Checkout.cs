namespace Yggdrasil.Fixtures;

/// <summary>Files of the checkout that tests read.</summary>
public static class Checkout
{
    public static string Root { get; } = Find();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests do not run in a checkout.");
        }

        return folder.FullName;
    }
}
