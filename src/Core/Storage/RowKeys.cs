using System.Buffers;
using System.Globalization;
using Azure.Data.Tables;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;

namespace Yggdrasil.Storage;

/// <summary>
/// The row keys of the Work table. A partition holds everything of one owner; what is read together lies together, so a
/// run and its journal are one range.
/// </summary>
/// <remarks>
/// <code>
/// approval!{run}!{call}              where a call is that this user or role may decide about: an index, no right
/// apikey!{id}                        an API key of the owner's; what lets its holder in is in a partition named by its id
/// agent!{id}                         an agent definition
/// agent!{id}!                        how many users it is shared with
/// agent!{id}!{user}                  that it is shared with this user: the truth about a share
/// batch!{id}                         a batch; its items are in a table of their own
/// batches!{reverse time}!{batch}     a batch's place in lists, newest first
/// conv!{id}                          a conversation
/// conv!{id}!{reverse time}!{run}     that the run is one of it, newest first
/// due!{day}!{kind}!{about}           where in the Due table something of the owner's is written down
/// list!{reverse time}!{run}          a run's place in lists, newest first
/// log!{conversation}!{sequence}      what one run added to a conversation
/// log!{conversation}!{sequence}!s    what stands for everything before that, for models
/// poison!{reverse time}!{hash}       a prompt that was given up; in the partition of its tenant's operators
/// quota                              what the owner has used today, and what runs have reserved
/// run!{id}                           a run
/// run!{id}!{sequence}                an entry of its journal
/// run!{id}!a!{call}                  a decision about one of its calls, until and after its driver journals it
/// schedule!{id}                      what is to be run again and again
/// secret!callback                    the secrets that callbacks are signed with
/// share!{handle}~{id}                where an agent is that another owner shares with this one: an index, no right
/// talk!{reverse time}!{conversation} a conversation's place in lists, last active first
/// usage!{day}                        what the owner used on an earlier day
/// </code>
/// </remarks>
internal static class RowKeys
{
    // The character after '!': the end, exclusive, of every range that starts with a prefix and '!'.
    private const char AfterSeparator = '"';

    public const string ApprovalPrefix = "approval!";
    public const string AgentPrefix = "agent!";
    public const string ApiKeyPrefix = "apikey!";
    public const string ListPrefix = "list!";
    public const string SharedAgentPrefix = "share!";
    public const string ConversationPrefix = "conv!";
    public const string DuePrefix = "due!";
    public const string ConversationListPrefix = "talk!";
    public const string SchedulePrefix = "schedule!";
    public const string CallbackSecrets = "secret!callback";
    public const string BatchPrefix = "batch!";
    public const string BatchListPrefix = "batches!";
    public const string PoisonPrefix = "poison!";
    public const string Quota = "quota";
    public const string UsagePrefix = "usage!";
    private const string SummarySuffix = "!s";
    private static readonly SearchValues<char> PlainUserCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@|:+=-");

    public static string Agent(string agentId) => $"{AgentPrefix}{agentId}";

    public static string ApiKey(string keyId) => $"{ApiKeyPrefix}{keyId}";

    public static string AgentShares(string agentId) => $"{AgentPrefix}{agentId}!";

    /// <param name="userId">A share never leaves its tenant.</param>
    public static string AgentShare(string agentId, string userId) => $"{AgentPrefix}{agentId}!{UserPart(userId)}";

    /// <summary>
    /// A user's part of a key: the id as it is where it has nothing but what every earlier version took, or else encoded after a
    /// <c>~</c>, which no such id has.
    /// </summary>
    private static string UserPart(string userId) => userId.AsSpan().ContainsAnyExcept(PlainUserCharacters) ? $"~{new Owner("", userId).UserKey}" : userId;

    /// <param name="sharedId">As <see cref="Ids.SharedAgent"/> makes it.</param>
    public static string SharedAgent(string sharedId) => $"{SharedAgentPrefix}{sharedId}";

    public static string Schedule(string scheduleId) => $"{SchedulePrefix}{scheduleId}";

    public static string Run(string runId) => $"run!{runId}";

    public static string JournalEntry(string runId, long sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"run!{runId}!{sequence:D10}");

    /// <param name="callId">One of ours.</param>
    public static string Decision(string runId, string callId) => $"{DecisionPrefix(runId)}{callId}";

    /// <summary>Whether the key, of a run's child, is a decision's and not a journal entry's.</summary>
    public static bool IsDecision(string runId, string rowKey) => rowKey.StartsWith(DecisionPrefix(runId), StringComparison.Ordinal);

    /// <summary>The prefix of what leads to a run's calls.</summary>
    public static string Approvals(string runId) => $"{ApprovalPrefix}{runId}!";

    /// <param name="callId">One of ours.</param>
    public static string Approval(string runId, string callId) => $"{Approvals(runId)}{callId}";

    public static string ListEntry(DateTimeOffset createdAt, string runId) => $"{ListPrefix}{Reverse(createdAt)}!{runId}";

    /// <summary>Between the entries of a list that were created at <paramref name="time"/> or later, and those before.</summary>
    /// <param name="prefix">Of a list whose keys go on with the reverse of a time.</param>
    public static string ListedBefore(string prefix, DateTimeOffset time) => $"{prefix}{Reverse(time)}{AfterSeparator}";

    public static string Conversation(string conversationId) => $"{ConversationPrefix}{conversationId}";

    /// <summary>The prefix of the entries that say which runs a conversation has.</summary>
    public static string ConversationRuns(string conversationId) => $"{ConversationPrefix}{conversationId}!";

    public static string ConversationRun(string conversationId, DateTimeOffset createdAt, string runId) =>
        $"{ConversationRuns(conversationId)}{Reverse(createdAt)}!{runId}";

    public static string ConversationListEntry(DateTimeOffset lastActive, string conversationId) =>
        $"{ConversationListPrefix}{Reverse(lastActive)}!{conversationId}";

    /// <summary>The prefix of everything in a conversation's log.</summary>
    public static string ConversationLog(string conversationId) => $"log!{conversationId}!";

    public static string Exchange(string conversationId, long sequence) =>
        string.Create(CultureInfo.InvariantCulture, $"{ConversationLog(conversationId)}{sequence:D10}");

    /// <param name="sequence">The first exchange that it does not stand for.</param>
    public static string Summary(string conversationId, long sequence) => $"{Exchange(conversationId, sequence)}{SummarySuffix}";

    /// <summary>The sequence number that a key ends in; false for keys of a form that only a newer version knows.</summary>
    public static bool TryReadSequence(string rowKey, out long sequence) => long.TryParse(
        rowKey.AsSpan(rowKey.LastIndexOf('!') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out sequence);

    public static bool IsSummary(string rowKey) => rowKey.EndsWith(SummarySuffix, StringComparison.Ordinal);

    public static string Batch(string batchId) => $"{BatchPrefix}{batchId}";

    public static string BatchListEntry(DateTimeOffset createdAt, string batchId) => $"{BatchListPrefix}{Reverse(createdAt)}!{batchId}";

    public static string Poison(DateTimeOffset enqueuedAt, string hash) => $"{PoisonPrefix}{Reverse(enqueuedAt)}!{hash}";

    public static string UsageOf(DateOnly day) => string.Create(CultureInfo.InvariantCulture, $"{UsagePrefix}{day:yyyyMMdd}");

    public static string Due(string day, string kind, string about) => $"{DuePrefix}{day}!{kind}!{about}";

    /// <summary>The part of a list, whose entries start with a reverse time, that holds what happened on a day: exclusive, inclusive.</summary>
    public static (string From, string To) ReverseDay(DateOnly day)
    {
        var start = new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

        // An id follows the time, so the first tick of the day ends where the next separator would be.
        return (EndOfChildren(Reverse(start.AddDays(1))), EndOfChildren(Reverse(start)));
    }

    /// <summary>Whether a key is that of a child of <paramref name="parent"/>.</summary>
    public static bool IsBelow(string key, string parent) =>
        key.Length > parent.Length && key[parent.Length] == '!' && key.StartsWith(parent, StringComparison.Ordinal);

    /// <summary>The filter for rows of a partition from <paramref name="from"/> up to <paramref name="to"/>, exclusive.</summary>
    public static string Range(string partition, string from, string to) =>
        TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {from} and RowKey lt {to}");

    /// <summary>The filter for a row and its children, such as a run and its journal.</summary>
    public static string RangeOf(string partition, string key) => Range(partition, key, EndOfChildren(key));

    // A letter: sequence numbers are digits.
    private static string DecisionPrefix(string runId) => $"run!{runId}!a!";

    /// <summary>The exclusive end of the range of keys that are <paramref name="key"/> or its children.</summary>
    public static string EndOfChildren(string key) => $"{key}{AfterSeparator}";

    /// <summary>The exclusive end of the range of keys that start with <paramref name="prefix"/>, which ends in '!'.</summary>
    public static string EndOfPrefix(string prefix) => $"{prefix.AsSpan(0, prefix.Length - 1)}{AfterSeparator}";

    private static string Reverse(DateTimeOffset time) =>
        (DateTimeOffset.MaxValue.UtcTicks - time.UtcTicks).ToString("D19", CultureInfo.InvariantCulture);
}
