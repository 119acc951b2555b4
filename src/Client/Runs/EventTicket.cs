namespace Yggdrasil.Client;

/// <summary>A ticket for one run's events.</summary>
public sealed record EventTicket
{
    /// <summary>The value of <c>?ticket=</c>.</summary>
    public required string Ticket { get; init; }

    /// <summary>When it is no longer valid.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}
