using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Model;
using Yggdrasil.Users.ApiKeys;
using Yggdrasil.Work.Batches;
using Yggdrasil.Work.Prompts;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Operations.UserData;

/// <summary>One thing that a user has.</summary>
public abstract record ExportItem
{
    private ExportItem()
    {
    }

    public sealed record OfAgent(Agent Agent) : ExportItem;

    /// <param name="User">Whom the agent is shared with.</param>
    public sealed record OfShare(string AgentId, string User) : ExportItem;

    /// <param name="Metadata">What its owner has noted on it.</param>
    public sealed record OfConversation(Conversation Conversation, IReadOnlyDictionary<string, string> Metadata) : ExportItem;

    public sealed record OfMessage(string ConversationId, ConversationMessage Message) : ExportItem;

    public sealed record OfRun(Run Run, IReadOnlyList<JournalEntry> Steps) : ExportItem;

    public sealed record OfBatch(BatchProgress Batch) : ExportItem;

    /// <summary>An item of a batch; its run, where it has one, is exported by itself.</summary>
    public sealed record OfBatchItem(string BatchId, string ItemId, IReadOnlyList<ChatMessage> Input) : ExportItem;

    /// <param name="Body">The message as it was sent.</param>
    public sealed record OfPoison(PoisonedPrompt Prompt, string Body) : ExportItem;

    public sealed record OfSchedule(Schedule Schedule) : ExportItem;

    /// <summary>An API key of the user's, without its hash.</summary>
    public sealed record OfApiKey(ApiKey Key) : ExportItem;

    /// <summary>That the user has callback secrets; the secrets are never shown.</summary>
    public sealed record OfCallbackSecret(CallbackSecretInfo Secret) : ExportItem;

    /// <summary>What the runs exported before it have used that were started on a day.</summary>
    public sealed record OfUsage(DateOnly Day, int Runs, RunUsage Usage) : ExportItem;

    /// <summary>Something whose content cannot be read; the operator has been alerted.</summary>
    /// <param name="Kind">agent, api_key, conversation, message, run, schedule or callback_secret.</param>
    public sealed record Unreadable(string Kind, string Id) : ExportItem;
}
