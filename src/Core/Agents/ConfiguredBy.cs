namespace Yggdrasil.Agents;

/// <summary>Where the app defines an agent of its configuration.</summary>
public enum ConfiguredBy
{
    /// <summary>In settings: <c>Agents__0__Id</c> and so on.</summary>
    Settings,

    /// <summary>In code: <see cref="AgentExtensions.AddAgent"/>.</summary>
    Code,

    /// <summary>In a file of the folder <c>agents</c>.</summary>
    File,
}
