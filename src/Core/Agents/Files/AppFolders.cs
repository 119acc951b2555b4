namespace Yggdrasil.Agents.Files;

/// <summary>The folders that the settings name.</summary>
internal sealed class AppFolders(AgentFileOptions options) : IDisposable
{
    public AppFolder Agents { get; } = new(options.Folder);

    public AppFolder Skills { get; } = new(options.SkillsFolder);

    public void Dispose()
    {
        Agents.Dispose();
        Skills.Dispose();
    }
}
