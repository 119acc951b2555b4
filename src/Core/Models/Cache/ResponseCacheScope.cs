namespace Yggdrasil.Models.Cache;

/// <summary>Whose answers a model call may be given, and for how long they are kept.</summary>
/// <param name="Partition">
/// Who shares them: an owner's partition, or an agent's key. Answers are stored in its partition and under its data key, and no
/// owner's partition is ever an agent's key (one holds a '!', the other a '~').
/// </param>
/// <param name="AgentKey">The agent they were given to.</param>
/// <param name="AgentVersion">The version of it.</param>
/// <param name="Ttl">How long an answer is kept.</param>
internal sealed record ResponseCacheScope(string Partition, string AgentKey, int AgentVersion, TimeSpan Ttl);
