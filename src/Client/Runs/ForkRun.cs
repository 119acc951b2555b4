namespace Yggdrasil.Client;

/// <summary>Where the new run leaves the other.</summary>
public sealed record ForkRun
{
    /// <summary>The first turn that is made anew.</summary>
    public required int FromTurn { get; init; }

    /// <summary>Said by the user before that turn; 256 KiB of UTF-8 at most.</summary>
    public string? Input { get; init; }
}
