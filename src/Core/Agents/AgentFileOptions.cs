using Yggdrasil.Agents.Files;
using Yggdrasil.Identity.Authorization;

namespace Yggdrasil.Agents;

/// <summary>Agents and skills that are files of the app. Section <c>AgentFiles</c>.</summary>
public sealed class AgentFileOptions
{
    public const string Section = "AgentFiles";

    /// <summary>The folder of <c>*.agent.md</c>, relative to the app's own.</summary>
    public string Folder { get; set; } = "agents";

    /// <summary>The folder of skills, relative to the app's own: a folder with a <c>SKILL.md</c> for each.</summary>
    public string SkillsFolder { get; set; } = "skills";

    /// <summary>The model, as <c>provider:model</c>, of agents whose file names none.</summary>
    public string? Model { get; set; }

    /// <summary>Whose runs the timers of agents start.</summary>
    public AgentRunAs RunAs { get; set; } = new();

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (name, folder, usual) in ((string, string, string)[])[(nameof(Folder), Folder, "agents"), (nameof(SkillsFolder), SkillsFolder, "skills")])
        {
            if (folder != usual && !Directory.Exists(AppFolder.PathOf(folder)))
            {
                yield return $"{Section}__{name}: There is no such folder. It is relative to the app's own, or a full path.";
            }
        }

        if (RunAs.User is not null && !UserId.IsValid(RunAs.User))
        {
            yield return $"{Section}__RunAs__User: {UserId.Rule}";
        }

        if (RunAs.Tenant is not null && !UserId.IsValidTenant(RunAs.Tenant))
        {
            yield return $"{Section}__RunAs__Tenant: {UserId.TenantRule}";
        }

        if (RunAs.User is null != RunAs.Tenant is null)
        {
            yield return $"{Section}__RunAs__{(RunAs.User is null ? "User" : "Tenant")} is required with the other of the two.";
        }
    }
}

/// <summary>A user as settings name one.</summary>
public sealed class AgentRunAs
{
    /// <summary>The tenant of the user.</summary>
    public string? Tenant { get; set; }

    /// <summary>The user who owns the schedules of agents with a timer, and the runs that these start. Such agents need one.</summary>
    public string? User { get; set; }
}
