namespace Yggdrasil.Operations.Health.Alerts;

/// <summary>A message to operators: names, states and counts, never content.</summary>
/// <param name="Id">The same when it is told again, so that receivers can tell.</param>
/// <param name="Type"><c>alert.raised</c>, <c>alert.cleared</c>, <c>error.new</c> or <c>error.reappeared</c>.</param>
/// <param name="Name">The check, or the error's fingerprint.</param>
public sealed record Alert(string Id, string Type, string Name, DateTimeOffset At, string Detail);
