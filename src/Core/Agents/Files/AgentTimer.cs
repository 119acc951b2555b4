namespace Yggdrasil.Agents.Files;

/// <summary>When an agent of a file is to be run, as its file says.</summary>
/// <param name="Cron">Five fields.</param>
/// <param name="TimeZone">An IANA id.</param>
/// <param name="Input">What each run begins with.</param>
/// <param name="CatchUp">Whether one run makes up for those that an outage left out.</param>
internal sealed record AgentTimer(string AgentId, string Cron, string TimeZone, string Input, bool CatchUp);
