namespace Yggdrasil.Models.Cache;

/// <summary>Whether and for whom equal model requests may share an answer.</summary>
/// <param name="TtlSeconds">Life of a cached answer in seconds; 1 to 86,400.</param>
/// <param name="Scope">Who shares it.</param>
public sealed record CachePolicy(int TtlSeconds, CacheScope Scope = CacheScope.User);

public enum CacheScope
{
    /// <summary>Answers are shared among one user's runs.</summary>
    User,

    /// <summary>Answers are shared among all who may run the agent.</summary>
    Agent,
}
