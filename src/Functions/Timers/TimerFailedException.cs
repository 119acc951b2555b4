namespace Yggdrasil.Functions.Timers;

/// <summary>What the host may know and log of a timer's failure: an id that leads an operator to the details.</summary>
public sealed class TimerFailedException(string errorId) : Exception($"The timer failed ({errorId}).");
