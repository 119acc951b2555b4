namespace Yggdrasil.Client;

/// <summary>Where a run left another.</summary>
public sealed record Fork
{
    /// <summary>The other run.</summary>
    public required string Id { get; init; }

    /// <summary>The first turn of its own.</summary>
    public required int FromTurn { get; init; }
}

/// <summary>The call by which another run asked for this one.</summary>
public sealed record ParentCall
{
    /// <summary>The other run.</summary>
    public required string RunId { get; init; }

    /// <summary>Its tool call.</summary>
    public required string CallId { get; init; }
}

/// <summary>Why a run failed.</summary>
public sealed record RunError
{
    /// <summary>What programs decide by.</summary>
    public required string Code { get; init; }

    /// <summary>The reason in words.</summary>
    public required string Message { get; init; }
}

/// <summary>How far a callback has come.</summary>
public sealed record CallbackState
{
    /// <summary><c>waiting</c> until there is something to tell; <c>pending</c> while it is tried. See <see cref="CallbackStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>Requests made so far.</summary>
    public required int Attempts { get; init; }

    /// <summary>Why the last attempt failed.</summary>
    public string? LastError { get; init; }
}
