using Yggdrasil.Limits;

namespace Yggdrasil.Users;

/// <summary>What admins said of a user.</summary>
/// <param name="Limits">The user's own; empty where nobody gave any.</param>
internal sealed record UserRecord(bool IsDisabled, UsageLimits Limits);
