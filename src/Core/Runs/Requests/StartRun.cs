using Microsoft.Extensions.AI;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Requests;

/// <summary>What a caller asks for when starting a run.</summary>
public sealed record StartRun
{
    /// <summary>What the model is to answer: user and assistant messages, the last one a user's.</summary>
    public required IReadOnlyList<ChatMessage> Input { get; init; }

    /// <summary>Whether it was sent as a list of messages, also where that holds one alone.</summary>
    public bool InputIsList { get; init; }

    /// <summary>The caller's conversation that the run continues, or begins where there is none of this id.</summary>
    public string? ConversationId { get; init; }

    public OnConflict OnConflict { get; init; }

    /// <summary>
    /// What came before in the conversation is not shown to this run, nor to later ones: the input says all that they need. It stays in the
    /// conversation. Only for a run that does not wait for others of the conversation.
    /// </summary>
    public bool BeginsAnew { get; init; }

    /// <summary>Whether readers of the run's events are shown what models say while they say it.</summary>
    public bool Stream { get; init; }

    /// <summary>Model calls, at most the agent's own limit; null for the agent's.</summary>
    public int? MaxTurns { get; init; }

    /// <summary>Seconds until the run expires, 1 to 604,800; null for the agent's.</summary>
    public int? DeadlineSeconds { get; init; }

    /// <summary>Tools that the caller makes itself; beside the agent's own at most 64.</summary>
    public IReadOnlyList<ClientTool> ClientTools { get; init; } = [];

    /// <summary>What this run's model is told besides; it does not change the agent.</summary>
    public RunOverrides Overrides { get; init; } = RunOverrides.None;

    /// <summary>At most 16 pairs of 64 and 512 characters.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Where a signed message is to go when the run has ended; null for nowhere.</summary>
    public string? CallbackUrl { get; init; }

    /// <summary>What it has from the run that asked for it; null for a run that a caller starts.</summary>
    internal Inheritance? Inherited { get; init; }

    /// <summary>Who else is to learn of its end.</summary>
    internal IReadOnlyList<RunNotice> Notices { get; init; } = [];
}

/// <summary>An idempotency key with the hash of its request.</summary>
/// <param name="Key">1 to 128 visible ASCII characters, unique among the caller's requests.</param>
/// <param name="RequestHash">What must be the same: a hash of the agent and the raw body.</param>
public sealed record Idempotency(string Key, string RequestHash);

/// <param name="Created">False when an earlier request with the same idempotency key made the run.</param>
public sealed record StartedRun(Run Run, bool Created);
