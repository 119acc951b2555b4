namespace Yggdrasil.LocalHost.Settings;

/// <summary>Finds the checkout this program was built from: the folder that holds Functions.sln.</summary>
internal static class RepositoryRoot
{
    /// <summary>Looks upwards from the program, then from the working directory; null where neither lies in it.</summary>
    public static string? Find() => FindAbove(AppContext.BaseDirectory) ?? FindAbove(Environment.CurrentDirectory);

    private static string? FindAbove(string path)
    {
        for (var folder = new DirectoryInfo(path); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}
