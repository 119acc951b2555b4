using System.Globalization;

namespace Yggdrasil.Storage;

/// <summary>
/// The row keys of the Work table. A partition holds everything of one owner; what is read together lies together, so a
/// run and its journal are one range.
/// </summary>
/// <remarks>
/// <code>
/// approval!{run}!{call}              where a call is that this user or role may decide about: an index, no right
/// agent!{id}                         an agent definition
/// agent!{id}!                        how many users it is shared with
/// agent!{id}!{user}                  that it is shared with this user: the truth about a share
/// list!{reverse time}!{run}          a run's place in lists, newest first
/// run!{id}                           a run
/// run!{id}!{sequence}                an entry of its journal
/// run!{id}!a!{call}                  a decision about one of its calls, until and after its driver journals it
/// share!{handle}~{id}                where an agent is that another owner shares with this one: an index, no right
/// </code>
/// </remarks>
internal static class RowKeys
{
    // The character after '!': the end, exclusive, of every range that starts with a prefix and '!'.
    private const char AfterSeparator = '"';

    public const string ApprovalPrefix = "approval!";
    public const string AgentPrefix = "agent!";
    public const string ListPrefix = "list!";
    public const string SharedAgentPrefix = "share!";

    public static string Agent(string agentId) => $"{AgentPrefix}{agentId}";

    public static string AgentShares(string agentId) => $"{AgentPrefix}{agentId}!";

    /// <param name="userId">One that follows the rule of user ids in requests; a share never leaves its tenant.</param>
    public static string AgentShare(string agentId, string userId) => $"{AgentPrefix}{agentId}!{userId}";

    /// <param name="sharedId">As <see cref="Ids.SharedAgent"/> makes it.</param>
    public static string SharedAgent(string sharedId) => $"{SharedAgentPrefix}{sharedId}";

    public static string Run(string runId) => $"run!{runId}";

    public static string JournalEntry(string runId, long sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"run!{runId}!{sequence:D10}");

    /// <param name="callId">One of ours.</param>
    public static string Decision(string runId, string callId) => $"{DecisionPrefix(runId)}{callId}";

    /// <summary>Whether the key, of a run's child, is a decision's and not a journal entry's.</summary>
    public static bool IsDecision(string runId, string rowKey) => rowKey.StartsWith(DecisionPrefix(runId), StringComparison.Ordinal);

    /// <param name="callId">One of ours.</param>
    public static string Approval(string runId, string callId) => $"{ApprovalPrefix}{runId}!{callId}";

    public static string ListEntry(DateTimeOffset createdAt, string runId) =>
        string.Create(CultureInfo.InvariantCulture, $"{ListPrefix}{DateTimeOffset.MaxValue.UtcTicks - createdAt.UtcTicks:D19}!{runId}");

    // A letter: sequence numbers are digits.
    private static string DecisionPrefix(string runId) => $"run!{runId}!a!";

    /// <summary>The exclusive end of the range of keys that are <paramref name="key"/> or its children.</summary>
    public static string EndOfChildren(string key) => $"{key}{AfterSeparator}";

    /// <summary>The exclusive end of the range of keys that start with <paramref name="prefix"/>, which ends in '!'.</summary>
    public static string EndOfPrefix(string prefix) => $"{prefix.AsSpan(0, prefix.Length - 1)}{AfterSeparator}";
}
