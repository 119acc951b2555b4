namespace Yggdrasil.Runs.Requests;

/// <summary>What a caller asks for when forking a run.</summary>
/// <param name="FromTurn">The first turn that is not taken over, from 1; one more than the run has goes on from its end.</param>
/// <param name="Input">A user message to go on with after what is taken over.</param>
public sealed record ForkRun(int FromTurn, string? Input);
